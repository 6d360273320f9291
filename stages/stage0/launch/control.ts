import { SyscallError } from '../../linux/errno.ts';
import type { Fd } from '../../linux/fd.ts';
import { connectIn, receiveWithFds, sendWithFds } from '../../linux/socket.ts';
import { Channel } from '../../stage1/channel.ts';
import { decodeMessage, encodeMessage, MESSAGE_BYTES, type Message } from '../../stage1/message.ts';
import { PodError } from '../error.ts';
import { requireSignal } from '../plan/signals.ts';
import { isPaused } from '../pod/paused.ts';
import { readRecord } from '../pod/record.ts';
import { refusal } from './init-refusal.ts';
import { NoRoom, untilRoom } from './room.ts';
import { LOOK_MS, nextAnswer, requireMoving } from './stopped-init.ts';

/** Connects to the init of a running pod. Throws `pod/state` when the pod does not run. */
export function connectControl(podDir: string): Fd {
  requireAwake(podDir);
  for (;;) {
    const connection = tryConnect(podDir);
    if (connection) return connection;
    // Init is either busy or stopped.
    requireMoving(podDir);
  }
}

/** Returns undefined when init's backlog has been full for a while. */
function tryConnect(podDir: string): Fd | undefined {
  try {
    return connectIn(podDir, 'control', LOOK_MS);
  } catch (error) {
    const code = error instanceof SyscallError ? error.errnoName : (error as NodeJS.ErrnoException).code;
    if (code === 'EAGAIN') return undefined;
    if (code !== 'ENOENT' && code !== 'ECONNREFUSED') throw error;
    throw new PodError('pod/state', 'reach the init of the pod: it is not running', { cause: error });
  }
}

/** A paused init would take the message, but answer only when the pod is resumed. */
export function requireAwake(podDir: string): void {
  if (!isPaused(podOf(podDir))) return;
  throw new PodError('pod/state', 'reach the init of the pod: the pod is paused', { hint: 'pod resume resumes it' });
}

function podOf(path: string): { readonly uuid: string; readonly path: string } {
  return { uuid: path.slice(path.lastIndexOf('/') + 1), path };
}

/** Resumes a paused pod, for requests that end it. Returns true when the pod was paused. */
async function wake(podDir: string): Promise<boolean> {
  if (!isPaused(podOf(podDir))) return false;
  return (await import('./pause.ts')).resumePod(podOf(podDir));
}

/**
 * Sends a request. Throws `NoRoom` when init has accepted the connection only to say so, and `pod/died` when it ended after the
 * connection was made.
 */
export function sendControl(socket: Fd, message: Uint8Array, fds: readonly number[] = []): void {
  try {
    unlessGone(() => sendWithFds(socket.number, message, fds));
  } catch (error) {
    const word = error instanceof PodError ? lastWord(socket) : undefined;
    throw word?.type === 'refused' ? refusal('ask the init of the pod', word.c) : error;
  }
}

/** What init said before it closed the connection, on which therefore nothing blocks. */
function lastWord(socket: Fd): Message | undefined {
  const bytes = new Uint8Array(new ArrayBuffer(MESSAGE_BYTES));
  try {
    const { length } = receiveWithFds(socket.number, bytes, 0);
    return length === MESSAGE_BYTES ? decodeMessage(bytes) : undefined;
  } catch (error) {
    if (error instanceof SyscallError && error.errnoName === 'ECONNRESET') return undefined;
    throw error;
  }
}

/** As `sendControl`, for a connection that has been used before. */
export function unlessGone(send: () => void): void {
  try {
    send();
  } catch (error) {
    const gone = error instanceof SyscallError && (error.errnoName === 'EPIPE' || error.errnoName === 'ECONNRESET');
    if (!gone) throw error;
    throw new PodError('pod/died', 'ask the init of the pod: it has just ended', { cause: error });
  }
}

async function sendAndListen(socket: Fd, message: Uint8Array): Promise<Channel> {
  try {
    sendControl(socket, message);
    // Loaded on demand: `exec` on the command line does not need it, and it loads Node's streams.
    const { socketTransport } = await import('../../stage1/socket-transport.ts');
    return new Channel(socketTransport(socket));
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
}

/** Resolves when init has done what was asked. `attempt` is for the error when init refuses. */
function request(podDir: string, message: Uint8Array, attempt: string): Promise<void> {
  return untilRoom(() => requestOnce(podDir, message, attempt));
}

async function requestOnce(podDir: string, message: Uint8Array, attempt: string): Promise<void> {
  const socket = connectControl(podDir);
  const channel = await sendAndListen(socket, message);
  try {
    const answer = await nextAnswer(podDir, channel);
    if (!answer) throw new PodError('pod/state', 'ask the init of the pod: it ended before it answered');
    if (answer.type === 'refused') throw refusal(attempt, answer.c);
  } finally {
    channel.close();
  }
}

/** Requests a graceful stop and returns. Without `graceMs`, each app has its own grace period. 0 kills at once. */
export async function stopPod(podDir: string, options: { readonly graceMs?: number | undefined }): Promise<void> {
  const wasPaused = await wake(podDir);
  try {
    await request(podDir, stopMessage(options.graceMs), 'stop the pod');
  } catch (error) {
    // An init that was killed while it was paused has died of that when it was resumed.
    if (!(wasPaused && error instanceof PodError) || error instanceof NoRoom) throw error;
  }
}

function stopMessage(graceMs: number | undefined): Uint8Array {
  return encodeMessage({ type: 'stop', d: BigInt(Math.ceil(graceMs ?? -1)) });
}

/** The app's index on the tape is its index in the record. */
export function appIndex(podDir: string, app: string): number {
  const record = readRecord(podDir);
  // The pod's directory moves when the pod ends.
  if (!record) throw new PodError('pod/state', 'reach the init of the pod: it is not running');
  const names = record.apps.map(({ name }) => name);
  const index = names.indexOf(app);
  if (index >= 0) return index;
  throw new PodError(
    'pod/app-not-found',
    `find app "${app}" in the pod: it has ${names.map((name) => `"${name}"`).join(', ')}`,
  );
}

/** Requests a graceful stop and a new start, of one app or of all apps in their order, and returns. */
export async function restartPod(podDir: string, app: string | undefined, graceMs?: number): Promise<void> {
  const index = app === undefined ? -1 : appIndex(podDir, app);
  const message = encodeMessage({ type: 'restart', app: index, d: BigInt(Math.ceil(graceMs ?? -1)) });
  await request(podDir, message, `restart ${targetOf(app)}`);
}

/** Sends the named signal to the first process of one app or of all apps. */
export async function signalPod(podDir: string, app: string | undefined, signal: string): Promise<void> {
  const index = app === undefined ? -1 : appIndex(podDir, app);
  if (signal === 'SIGKILL') await wake(podDir);
  const message = encodeMessage({ type: 'signal', app: index, a: requireSignal(signal) });
  await request(podDir, message, `send ${signal} to ${targetOf(app)}`);
}

function targetOf(app: string | undefined): string {
  return app === undefined ? 'the pod' : `app "${app}"`;
}
