import { closeSync, openSync } from 'node:fs';
import { O_CLOEXEC, O_NOCTTY, O_RDWR, TIOCGPTPEER, TIOCSPTLCK, TIOCSWINSZ } from '../../linux/constants.ts';
import { errnoMessage } from '../../linux/errno.ts';
import { Fd } from '../../linux/fd.ts';
import { memfd } from '../../linux/memfd.ts';
import { receiveWithFds } from '../../linux/socket.ts';
import { ARCH, syscall } from '../../linux/syscall.ts';
import { Channel } from '../../stage1/channel.ts';
import { decodeMessage, encodeMessage, MESSAGE_BYTES, type Message } from '../../stage1/message.ts';
import type { ProcessPlan } from '../../stage2/process.ts';
import { encodeProgram } from '../../tape/encode.ts';
import type { Program } from '../../tape/program.ts';
import type { ExecOptions, PodExit, RunningExec, TerminalSize } from '../cli/launch-api.ts';
import { PodError } from '../error.ts';
import { planExecProgram } from '../plan/exec-program.ts';
import { requireSignal } from '../plan/signals.ts';
import { readRecord } from '../pod/record.ts';
import { connectControl, sendControl } from './control.ts';
import { type ExecData, unpackExecData } from './exec-data.ts';
import { launchFailure } from './failure.ts';

/** The app of a pod that exec is for, from its record; the library keeps it between calls. */
export function readExecData(podDir: string, app: string | undefined): ExecData {
  const apps = readRecord(podDir)?.apps ?? [];
  const found = app === undefined ? apps[0] : apps.find(({ name }) => name === app);
  if (found?.exec) return unpackExecData(found.exec);
  const names = apps.map(({ name }) => `"${name}"`).join(', ');
  throw new PodError('pod/app-not-found', `find app "${app ?? ''}" in the pod: it has ${names || 'none'}`);
}

async function processFor(data: ExecData, options: ExecOptions): Promise<ProcessPlan> {
  const process = {
    ...data.process,
    argv: options.argv,
    env: { ...data.process.env, ...(options.tty ? { TERM: 'xterm-256color' } : {}), ...options.env },
    workingDirectory: options.workingDirectory ?? data.process.workingDirectory,
  };
  if (options.user === undefined) return process;
  // Who that is stands in the image's files; the code that reads them is only loaded for this.
  const { becomeUser } = await import('./exec-user.ts');
  return becomeUser(process, data, options.user);
}

/** Both ends of a new pseudo-terminal of the pod's own; the caller's terminal never gets in. */
function openTerminal(control: Fd, size: TerminalSize | undefined): { master: Fd; slave: Fd } {
  sendControl(control, encodeMessage({ type: 'pty' }));
  const bytes = new Uint8Array(new ArrayBuffer(MESSAGE_BYTES));
  const { fds, length } = receiveWithFds(control.number, bytes, 1);
  if (length === 0) throw new PodError('pod/died', 'open a pseudo-terminal in the pod: it has just ended');
  const answer = decodeMessage(bytes);
  const master = fds[0];
  if (!master) throw new PodError('pod/start-failed', `open a pseudo-terminal in the pod: ${errnoMessage(answer.c)}`);
  syscall('ioctl', master.number, TIOCSPTLCK, new Uint8Array(4));
  if (size) resizeTerminal(master.number, size);
  const slave = new Fd(syscall('ioctl', master.number, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  return { master, slave };
}

/** struct winsize of ioctl_tty(2). */
export function resizeTerminal(master: number, { columns, rows }: TerminalSize): void {
  const size = new Uint8Array(new Uint16Array([rows, columns, 0, 0]).buffer);
  syscall('ioctl', master, TIOCSWINSZ, size);
}

/** A new process in a running app, under the app's own isolators. Resolves when it has been executed. */
export async function execInPod(podDir: string, options: ExecOptions): Promise<RunningExec> {
  return execWith(podDir, readExecData(podDir, options.app), options);
}

interface ExecTape {
  readonly program: Program;
  readonly bytes: Uint8Array;
}

const KEPT_TAPES = 16;
const tapes = new WeakMap<ExecData, Map<string, ExecTape>>();

/** The tape of a command, or the one that was made for the same command before. */
async function encodeOnce(data: ExecData, options: ExecOptions): Promise<ExecTape> {
  const { argv, env, user, workingDirectory, tty } = options;
  const key = JSON.stringify([argv, env, user, workingDirectory, tty]);
  const kept = tapes.get(data) ?? new Map<string, ExecTape>();
  const known = kept.get(key);
  if (known) return known;
  const program = planExecProgram(await processFor(data, options), data.registers, data.cgroup, tty);
  const made = { program, bytes: encodeProgram(program, ARCH, { hostname: data.hostname }) };
  if (kept.size >= KEPT_TAPES) kept.delete(kept.keys().next().value!);
  kept.set(key, made);
  tapes.set(data, kept);
  return made;
}

export async function execWith(podDir: string, data: ExecData, options: ExecOptions): Promise<RunningExec> {
  const { program, bytes } = await encodeOnce(data, options);
  const control = connectControl(podDir);
  const terminal = options.tty ? openTerminal(control, options.size) : undefined;
  using tape = memfd('exec', bytes);
  const nullFd = options.stdio.includes(null) ? openSync('/dev/null', 'r+') : -1;
  try {
    const stdio = terminal
      ? [terminal.slave, terminal.slave, terminal.slave].map((fd) => fd.number)
      : options.stdio.map((fd) => fd ?? nullFd);
    sendControl(control, encodeMessage({ type: 'exec', app: data.app, fds: 4 }), [tape.number, ...stdio]);
  } catch (error) {
    control[Symbol.dispose]();
    terminal?.master[Symbol.dispose]();
    throw error;
  } finally {
    if (nullFd >= 0) closeSync(nullFd);
    terminal?.slave[Symbol.dispose]();
  }
  const channel = new Channel(control);
  const first = await channel.next();
  if (first?.type === 'started') return runningExec(channel, terminal?.master);
  channel.close();
  terminal?.master[Symbol.dispose]();
  throw refusal(program, data, first);
}

function refusal(program: Parameters<typeof launchFailure>[0], data: ExecData, answer: Message | undefined): PodError {
  if (answer?.type === 'failed') {
    // No line of the manifest asked for this process.
    const { code, message, hint } = launchFailure(program, answer, data.process.places.app);
    return new PodError(code, message, { hint });
  }
  if (!answer) return new PodError('pod/died', 'execute in the pod: it ended before it answered');
  return new PodError('pod/state', `execute in app "${data.process.app}": ${errnoMessage(answer.c)}`, {
    hint: 'is the app still running?',
  });
}

function runningExec(channel: Channel, master: Fd | undefined): RunningExec {
  return {
    exit: waitForExit(channel),
    signal: (name) => {
      channel.send(encodeMessage({ type: 'signal', app: -2, a: requireSignal(name) }));
      return Promise.resolve();
    },
    terminal: master?.take(),
  };
}

/** Answers to signals come in between. */
async function waitForExit(channel: Channel): Promise<PodExit> {
  for (;;) {
    const message = await channel.next();
    if (message && message.type !== 'exited') continue;
    channel.close();
    // Without a last word the pod ended, and took the process with it.
    if (!message) return { exitCode: 128 + 9 };
    return { exitCode: message.b > 0 ? 128 + message.b : message.a };
  }
}
