import { closeSync, existsSync, openSync } from 'node:fs';
import type { Fd } from '../../linux/fd.ts';
import { memfd } from '../../linux/memfd.ts';
import { openSealed } from '../../linux/sealed.ts';
import { ARCH } from '../../linux/arch.ts';
import { Channel } from '../../stage1/channel.ts';
import { encodeMessage, type Message } from '../../stage1/message.ts';
import type { ProcessPlan } from '../../stage2/process.ts';
import type { Bindings } from '../../tape/bindings.ts';
import { encodeProgram } from '../../tape/encode.ts';
import type { Program } from '../../tape/program.ts';
import type { ExecOptions, PodExit, RunningExec, Streams } from '../cli/launch-api.ts';
import { PodError } from '../error.ts';
import { planExecProgram } from '../plan/exec-program.ts';
import { requireSignal } from '../plan/signals.ts';
import { TERMINAL_TYPE } from '../plan/streams.ts';
import { readRecord, whyNoRecord } from '../pod/record.ts';
import { connectControl, requireAwake, sendControl, unlessGone } from './control.ts';
import { type ExecData, isLabelled, unpackExecData } from './exec-data.ts';
import { launchFailure } from './failure.ts';
import { closeTerminal, openTerminal, type PseudoTerminal } from './pseudo-terminal.ts';
import { refusal } from './init-refusal.ts';
import { untilRoom } from './room.ts';
import { nextAnswer } from './stopped-init.ts';
import { transportFor } from './transport.ts';

export type Command = Omit<ExecOptions, 'app' | 'stdio'> & { readonly stdio: Streams };

interface ExecTape {
  readonly program: Program;
  readonly file: Fd;
  /**
   * True: the executor closes the file when it is disposed of. False: the caller closes it. Kept tapes are never evicted, as they
   * may be in use.
   */
  readonly isKept: boolean;
}

const KEPT_TAPES = 16;

function whyNotRunning(podDir: string): string {
  return existsSync(podDir) ? whyNoRecord(podDir) : 'it is not running';
}

/** Executes commands in one app of a running pod. Keeps descriptors that later commands can reuse open until it is disposed of. */
export class Executor implements Disposable {
  readonly #podDir: string;
  readonly #data: ExecData;
  readonly #ref: string;
  /** Values of the pod's symbols. */
  readonly #bindings: Bindings;
  readonly #tapes = new Map<string, ExecTape>();
  #nullFd = -1;
  #idle: Channel | undefined;
  #isOpen = true;

  /** `app` absent: the pod's first app. Throws `pod/app-not-found`, and `pod/state` when the pod has ended. */
  constructor(podDir: string, app: string | undefined) {
    const record = readRecord(podDir);
    // The pod's directory moves when the pod ends.
    if (!record) throw new PodError('pod/state', `execute in the pod: ${whyNotRunning(podDir)}`);
    const { apps } = record;
    const found = app === undefined ? apps[0] : apps.find(({ name }) => name === app);
    if (!found?.exec) {
      const names = apps.map(({ name }) => `"${name}"`).join(', ');
      throw new PodError('pod/app-not-found', `find app "${app ?? ''}" in the pod: it has ${names || 'none'}`);
    }
    this.#podDir = podDir;
    this.#data = unpackExecData(found.exec);
    this.#ref = found.image.ref;
    const { hostname, metadataUrl } = record;
    this.#bindings = { hostname, ...(metadataUrl === undefined ? {} : { metadataUrl }) };
  }

  get isLabelled(): boolean {
    return isLabelled(this.#data);
  }

  /** Starts a process in the app, under the app's isolators. Resolves when the process has been executed. */
  start(command: Command): Promise<RunningExec> {
    return untilRoom(() => this.#start(command));
  }

  async #start(command: Command): Promise<RunningExec> {
    const { program, channel, terminal } = await this.#request(command, 0);
    let first: Message | undefined;
    try {
      first = await nextAnswer(this.#podDir, channel);
      if (first?.type === 'started') return runningExec(channel, terminal);
    } finally {
      if (first?.type !== 'started') {
        channel.close();
        closeTerminal(terminal);
      }
    }
    throw this.#refusal(program, first);
  }

  /**
   * Runs a command to its end. Init does not report the start, which saves a wake-up. Aborting the signal kills the process, but
   * not the processes it has started.
   */
  runToEnd(command: Command, signal?: AbortSignal): Promise<PodExit> {
    return untilRoom(() => this.#runToEnd(command, signal), { signal });
  }

  async #runToEnd(command: Command, signal: AbortSignal | undefined): Promise<PodExit> {
    const { program, channel } = await this.#request(command, 1);
    const first = await nextUnlessAborted(this.#podDir, channel, signal);
    if (first?.type === 'exited') {
      this.#rest(channel);
      return exitOf(first);
    }
    channel.close();
    if (!first) throw new PodError('pod/died', 'execute in the pod: it ended before the command did');
    throw this.#refusal(program, first);
  }

  [Symbol.dispose](): void {
    for (const { file } of this.#tapes.values()) file[Symbol.dispose]();
    this.#tapes.clear();
    if (this.#nullFd >= 0) closeSync(this.#nullFd);
    this.#nullFd = -1;
    this.#isOpen = false;
    this.#idle?.close();
    this.#idle = undefined;
  }

  /** `quiet`: 1 when init must not report that the process has been executed. */
  async #request(command: Command, quiet: 0 | 1): Promise<Requested> {
    const { program, file, isKept } = await this.#tapeOf(command);
    using temporary = isKept ? undefined : file;
    void temporary;
    // From here on, nothing would close a descriptor that is opened or kept.
    if (!this.#isOpen) throw new PodError('pod/died', 'execute in the pod: it has just ended');
    const message = encodeMessage({ type: 'exec', app: this.#data.app, a: quiet, fds: 4 });
    requireAwake(this.#podDir);
    const idle = command.tty ? undefined : this.#takeIdle();
    if (!idle) return { program, ...(await this.#connectAndSend(command, message, file)) };
    unlessGone(() => idle.send(message, [file.number, ...this.#stdioOf(command)]));
    return { program, channel: idle, terminal: undefined };
  }

  /** Sends the message before setting up this side of the connection, so that init works meanwhile. */
  async #connectAndSend(command: Command, message: Uint8Array, file: Fd): Promise<Omit<Requested, 'program'>> {
    const control = connectControl(this.#podDir);
    let terminal: PseudoTerminal | undefined;
    try {
      if (command.tty) terminal = openTerminal(this.#podDir, control, command.size);
      sendControl(control, message, [file.number, ...this.#stdioOf(command, terminal?.slave.number)]);
    } catch (error) {
      control[Symbol.dispose]();
      closeTerminal(terminal);
      throw error;
    }
    const channel = new Channel((await transportFor(command))(control));
    return { channel, terminal };
  }

  #stdioOf({ stdio }: Command, terminal?: number): number[] {
    return stdio.map((fd) => terminal ?? fd ?? this.#null());
  }

  #takeIdle(): Channel | undefined {
    const idle = this.#idle;
    this.#idle = undefined;
    if (!idle || idle.hasEnded) return undefined;
    idle.ref(true);
    return idle;
  }

  /** Keeps one idle connection for the next command. It does not keep the process alive. */
  #rest(channel: Channel): void {
    if (this.#idle || !this.#isOpen || channel.hasEnded) return channel.close();
    channel.ref(false);
    this.#idle = channel;
  }

  /** The tape of a command; reused when the same command ran before. */
  async #tapeOf(command: Command): Promise<ExecTape> {
    const { argv, env, user, workingDirectory, tty } = command;
    const key = JSON.stringify([argv, env, user, workingDirectory, tty]);
    const known = this.#tapes.get(key);
    if (known) return known;
    const { registers, cgroup } = this.#data;
    const program = planExecProgram(await this.#processFor(command), registers, cgroup, tty);
    const file = memfd('exec', encodeProgram(program, ARCH, this.#bindings));
    const isKept = this.#isOpen && this.#tapes.size < KEPT_TAPES && !this.#tapes.has(key);
    if (isKept) this.#tapes.set(key, { program, file, isKept });
    return { program, file, isKept };
  }

  async #processFor(command: Command): Promise<ProcessPlan> {
    const { process: own } = this.#data;
    const process = {
      ...own,
      argv: command.argv,
      env: { ...own.env, ...(command.tty ? { TERM: TERMINAL_TYPE } : {}), ...command.env },
      workingDirectory: command.workingDirectory ?? own.workingDirectory,
    };
    if (command.user === undefined) return process;
    // The user is looked up in the image's files; the code for that is loaded on demand.
    const { becomeUser } = await import('./exec-user.ts');
    return becomeUser(process, { ref: this.#ref, data: this.#data }, command.user);
  }

  /** The host's own /dev/null, protected: a pod without a user namespace could otherwise change its mode for the whole host. */
  #null(): number {
    if (this.#nullFd >= 0) return this.#nullFd;
    // A normal user does not own the device, whatever the user is inside the pod.
    if (process.geteuid!() !== 0) return (this.#nullFd = openSync('/dev/null', 'r+'));
    using node = openSealed('/dev/null');
    this.#nullFd = openSync(`/proc/self/fd/${node.number}`, 'r+');
    return this.#nullFd;
  }

  #refusal(program: Program, answer: Message | undefined): PodError {
    const { app, places } = this.#data.process;
    if (answer?.type === 'failed') {
      // The process was not requested by a line of the manifest.
      const { code, message, hint } = launchFailure(program, answer, places.app);
      return new PodError(code, message, { hint });
    }
    if (!answer) return new PodError('pod/died', 'execute in the pod: it ended before it answered');
    return refusal(`execute in app "${app}"`, answer.c);
  }
}

interface Requested {
  readonly program: Program;
  readonly channel: Channel;
  readonly terminal: PseudoTerminal | undefined;
}

function runningExec(channel: Channel, terminal: PseudoTerminal | undefined): RunningExec {
  return {
    // Until then the command has its terminal, whatever it closes: the last one to close a terminal's slave hangs it up.
    exit: waitForExit(channel).finally(() => terminal?.slave[Symbol.dispose]()),
    // Async, so that a pod that has just ended is a rejection like any other failure.
    signal: async (name, to) =>
      channel.send(encodeMessage({ type: 'signal', app: -2, a: requireSignal(name), b: Number(to === 'group') })),
    terminal: terminal?.master.take(),
  };
}

/** On abort, kills the process without waiting for its end: in a pod that is paused meanwhile it would not end. */
async function nextUnlessAborted(
  podDir: string,
  channel: Channel,
  signal: AbortSignal | undefined,
): Promise<Message | undefined> {
  const kill = (): void => {
    channel.send(encodeMessage({ type: 'signal', app: -2, a: requireSignal('SIGKILL') }));
    channel.close();
  };
  if (signal?.aborted) kill();
  signal?.addEventListener('abort', kill, { once: true });
  try {
    const first = await nextAnswer(podDir, channel);
    signal?.throwIfAborted();
    return first;
  } catch (error) {
    channel.close();
    throw error;
  } finally {
    signal?.removeEventListener('abort', kill);
  }
}

/** Waits for the exit; skips answers to signals. */
async function waitForExit(channel: Channel): Promise<PodExit> {
  for (;;) {
    const message = await channel.next();
    if (message && message.type !== 'exited') continue;
    channel.close();
    // No exit message: the pod ended and the kernel killed the process.
    return message ? exitOf(message) : { exitCode: 128 + 9 };
  }
}

function exitOf({ a: code, b: signal }: Message): PodExit {
  return { exitCode: signal > 0 ? 128 + signal : code };
}
