import type { Fd } from '../../linux/fd.ts';
import { setSendBuffer, socketPair } from '../../linux/socket.ts';
import { Channel } from '../../stage1/channel.ts';
import { encodeMessage, type Message } from '../../stage1/message.ts';
import { socketTransport } from '../../stage1/socket-transport.ts';
import type { AttachedApp, AttachedEnd, TerminalSize } from '../cli/launch-api.ts';
import { PodError } from '../error.ts';
import { appIndex, connectControl, sendControl } from './control.ts';
import { refusal } from './refusal.ts';
import { nextAnswer } from './stopped-init.ts';

/** CLIENT_ of io.h. */
const IS_TERMINAL = 1;
const TAKES_INPUT = 2;

/**
 * What an app may write while its client does something else. Beyond it output is lost to the client: nothing a client does or
 * leaves undone may hold up an app.
 */
const BACKLOG_BYTES = 1024 * 1024;

/** A client of an app of a running pod; without `app` of its first. Throws `pod/state` when the app, or the pod, has ended. */
export async function attachToApp(podDir: string, app: string | undefined): Promise<AttachedApp> {
  const index = app === undefined ? 0 : appIndex(podDir, app);
  const control = connectControl(podDir);
  const streams = sendAttach(control, index);
  const channel = new Channel(socketTransport(control));
  let answer: Message | undefined;
  try {
    answer = await nextAnswer(podDir, channel);
    if (answer?.type === 'done') return new Client(channel, index, streams, answer.a);
  } finally {
    if (answer?.type !== 'done') {
      channel.close();
      for (const stream of streams) stream[Symbol.dispose]();
    }
  }
  if (!answer) throw new PodError('pod/died', 'attach to the pod: it has just ended');
  throw refusal(`attach to ${app === undefined ? 'the first app' : `app "${app}"`}`, answer.c);
}

export interface FirstClient {
  /** For init, in place of the first app's standard input: a connection that has asked already. */
  readonly far: Fd;
  readonly attached: AttachedApp;
}

/** A client of the first app's terminal that is there before the app is started, so that nothing is missed. */
export function firstClient(size: TerminalSize | undefined): FirstClient {
  const [control, far] = socketPair();
  const streams = sendAttach(control, 0);
  const channel = new Channel(socketTransport(control));
  const client = new Client(channel, 0, streams, IS_TERMINAL | TAKES_INPUT);
  if (size) client.resize(size);
  return { far, attached: client };
}

/** The near ends of the client's input and output, and of its errors. */
function sendAttach(control: Fd, app: number): [Fd, Fd] {
  const [stream, farStream] = socketPair();
  const [errors, farErrors] = socketPair();
  try {
    for (const far of [farStream, farErrors]) setSendBuffer(far.number, BACKLOG_BYTES);
    sendControl(control, encodeMessage({ type: 'attach', app, fds: 2 }), [farStream.number, farErrors.number]);
  } catch (error) {
    for (const fd of [control, stream, errors]) fd[Symbol.dispose]();
    throw error;
  } finally {
    farStream[Symbol.dispose]();
    farErrors[Symbol.dispose]();
  }
  return [stream, errors];
}

class Client implements AttachedApp {
  readonly isTerminal: boolean;
  readonly takesInput: boolean;
  readonly end: Promise<AttachedEnd | undefined>;
  readonly #channel: Channel;
  readonly #app: number;
  readonly #streams: readonly [Fd, Fd];

  constructor(channel: Channel, app: number, streams: readonly [Fd, Fd], can: number) {
    this.#channel = channel;
    this.#app = app;
    this.#streams = streams;
    this.isTerminal = (can & IS_TERMINAL) !== 0;
    this.takesInput = (can & TAKES_INPUT) !== 0;
    this.end = endOf(channel);
  }

  takeStreams(): { stream: number; errors: number } {
    return { stream: this.#streams[0].take(), errors: this.#streams[1].take() };
  }

  resize({ rows, columns }: TerminalSize): void {
    if (!this.#channel.hasEnded)
      this.#channel.send(encodeMessage({ type: 'resize', app: this.#app, a: rows, b: columns }));
  }

  close(): void {
    this.#channel.close();
    for (const stream of this.#streams) stream[Symbol.dispose]();
  }
}

/** Answers to a new size come in between. */
async function endOf(channel: Channel): Promise<AttachedEnd | undefined> {
  for (;;) {
    const message = await channel.next();
    if (!message) return undefined;
    if (message.type !== 'exited') continue;
    channel.close();
    const { a: code, b: signal, d: lost } = message;
    return { exitCode: signal > 0 ? 128 + signal : code, lostBytes: Number(lost) };
  }
}
