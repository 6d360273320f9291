import type { Fd } from '../../linux/fd.ts';
import { setSendBuffer, socketPair } from '../../linux/socket.ts';
import { Channel } from '../../stage1/channel.ts';
import { encodeMessage, type Message } from '../../stage1/message.ts';
import { socketTransport } from '../../stage1/socket-transport.ts';
import type { AttachedApp, AttachedEnd, TerminalSize } from '../cli/launch-api.ts';
import { PodError } from '../error.ts';
import { appIndex, connectControl, sendControl } from './control.ts';
import { refusal } from './init-refusal.ts';
import { untilRoom } from './room.ts';
import { nextAnswer } from './stopped-init.ts';

/** CLIENT_ of io.h. */
const IS_TERMINAL = 1;
const TAKES_INPUT = 2;

/**
 * The limit for output that an app writes while its client is busy. Output beyond it is lost to the client: a client must never be
 * able to block an app.
 */
const BACKLOG_BYTES = 1024 * 1024;

/**
 * Connects a client to an app of a running pod; to the first app if `app` is absent. Throws `pod/state` when the app, or the pod,
 * has ended.
 */
export function attachToApp(podDir: string, app: string | undefined): Promise<AttachedApp> {
  return untilRoom(() => attachOnce(podDir, app));
}

async function attachOnce(podDir: string, app: string | undefined): Promise<AttachedApp> {
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
  /** For init, as the first app's standard input: a connection on which the attach request has already been sent. */
  readonly far: Fd;
  readonly attached: AttachedApp;
}

/** Makes a client of the first app's terminal that is connected before the app starts, so that it misses no output. */
export function firstClient(size: TerminalSize | undefined): FirstClient {
  const [control, far] = socketPair();
  let streams: [Fd, Fd];
  try {
    streams = sendAttach(control, 0);
  } catch (error) {
    far[Symbol.dispose]();
    throw error;
  }
  const channel = new Channel(socketTransport(control));
  const client = new Client(channel, 0, streams, IS_TERMINAL | TAKES_INPUT);
  if (size) client.resize(size);
  return { far, attached: client };
}

/** Returns the near ends of two sockets: one for the client's input and output, one for its errors. Closes `control` on failure. */
function sendAttach(control: Fd, app: number): [Fd, Fd] {
  const near: Fd[] = [];
  const far: Fd[] = [];
  try {
    for (let i = 0; i < 2; i++) {
      const [ours, theirs] = socketPair();
      near.push(ours);
      far.push(theirs);
      setSendBuffer(theirs.number, BACKLOG_BYTES);
    }
    const numbers = far.map(({ number }) => number);
    sendControl(control, encodeMessage({ type: 'attach', app, fds: 2 }), numbers);
  } catch (error) {
    for (const fd of [control, ...near]) fd[Symbol.dispose]();
    throw error;
  } finally {
    for (const fd of far) fd[Symbol.dispose]();
  }
  return near as [Fd, Fd];
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

/** Waits for the end; skips answers to resize requests. */
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
