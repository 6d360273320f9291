import type { Fd } from '../linux/fd.ts';

/** A connected stream socket, and how this process learns that something came in. */
export interface Transport {
  /** Called once. `onEnd` comes once too: after the other side has closed the socket, or we have. */
  listen(onData: (bytes: Uint8Array) => void, onEnd: () => void): void;
  /** With descriptors, which stay the caller's. */
  send(bytes: Uint8Array, fds?: readonly number[]): void;
  /** Whether waiting keeps the process from ending. */
  ref(on: boolean): void;
  /** Nothing more will be sent: the other side sees the end, and may still answer. */
  end(): void;
  close(): void;
}

/** Takes the descriptor. */
export type OpenTransport = (socket: Fd) => Transport;
