import { Socket } from 'node:net';
import { DetachKeys } from './detach-keys.ts';
import type { AttachedApp, AttachedEnd } from './launch-api.ts';
import { passKeys, RawTerminal } from './raw-terminal.ts';
import { BrokenPipe, isTerminal, STDERR, STDOUT, writeAll } from './terminal.ts';

export interface ClientWants {
  /** What is typed, or comes in on standard input, goes to the app. */
  readonly isInteractive: boolean;
  readonly detachKeys: readonly number[];
}

export type ClientEnd =
  | { readonly how: 'ended'; readonly end: AttachedEnd | undefined }
  | { readonly how: 'detached' }
  /** The caller's terminal is gone. */
  | { readonly how: 'hangup' };

/** The caller becomes a client of the app until either of them has enough. The caller's terminal is as it was afterwards. */
export async function beClient(app: AttachedApp, wants: ClientWants): Promise<ClientEnd> {
  const { stream, errors } = app.takeStreams();
  const sockets = [stream, errors].map((fd) => new Socket({ fd, readable: true, writable: true }));
  const shown = Promise.all([show(sockets[0]!, STDOUT), show(sockets[1]!, STDERR)]);
  try {
    return await Promise.race([untilLeft(app, wants, sockets[0]!), endOf(app, shown)]);
  } finally {
    for (const socket of sockets) socket.destroy();
    app.close();
  }
}

/** All it wrote before its end has been shown then. */
async function endOf(app: AttachedApp, shown: Promise<unknown>): Promise<ClientEnd> {
  const [end] = await Promise.all([app.end, shown]);
  return { how: 'ended', end };
}

/** Resolves when init has let go of the socket, rejects when the caller takes no more. */
function show(socket: Socket, fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.on('data', (chunk: Buffer) => {
      try {
        writeAll(fd, chunk);
      } catch (error) {
        // The terminal is gone; the hangup says so too.
        if (error instanceof BrokenPipe && isTerminal(fd)) socket.destroy();
        else reject(error as Error);
      }
    });
    // A reset is an end like any other: what it meant is said on the control connection.
    socket.on('error', () => resolve());
    socket.on('close', () => resolve());
  });
}

/** Passes the caller's input on. Never resolves when the app is to end first. */
function untilLeft(app: AttachedApp, wants: ClientWants, socket: Socket): Promise<ClientEnd> {
  const isInteractive = wants.isInteractive && app.takesInput;
  if (!app.isTerminal) {
    if (isInteractive) process.stdin.pipe(socket);
    return new Promise(() => {});
  }
  return new Promise((resolve) => {
    const keys = new DetachKeys(wants.detachKeys);
    const onKeys = (typed: Buffer): void => {
      const { bytes, isDetached } = keys.take(typed);
      if (bytes.length > 0) passKeys(bytes, socket);
      if (isDetached) finish('detached');
    };
    const terminal = new RawTerminal({
      ...(isInteractive ? { onKeys } : {}),
      onResize: (size) => app.resize(size),
      onHangup: () => finish('hangup'),
    });
    const finish = (how: 'detached' | 'hangup'): void => {
      terminal[Symbol.dispose]();
      resolve({ how });
    };
    socket.on('close', () => terminal[Symbol.dispose]());
  });
}
