import { Socket } from 'node:net';
import type { Fd } from '../linux/fd.ts';
import { decodeMessage, MESSAGE_BYTES, type Message } from './message.ts';

/** The messages that come in over one socket to stage1, in order. */
export class Channel {
  readonly #socket: Socket;
  readonly #queue: Message[] = [];
  readonly #waiting: ((message: Message | undefined) => void)[] = [];
  #rest: Buffer = Buffer.alloc(0);
  #ended = false;

  readonly #onEnd: () => void;

  /** Takes the descriptor. `onEnd` is called once, when the other side has closed it or we have. */
  constructor(fd: Fd, onEnd: () => void = () => {}) {
    this.#onEnd = onEnd;
    this.#socket = new Socket({ fd: fd.take(), readable: true, writable: true });
    this.#socket.on('data', (chunk) => this.#receive(chunk));
    // A reset is stage1's end like any other: what it meant is decided by which messages came before.
    this.#socket.on('error', () => this.#end());
    this.#socket.on('close', () => this.#end());
  }

  /** The next message; undefined when there will be none. */
  next(): Promise<Message | undefined> {
    const message = this.#queue.shift();
    if (message || this.#ended) return Promise.resolve(message);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  send(message: Uint8Array): void {
    this.#socket.write(message);
  }

  /** Whether an open channel keeps the process alive. */
  ref(on: boolean): void {
    if (on) this.#socket.ref();
    else this.#socket.unref();
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#rest = this.#rest.length > 0 ? Buffer.concat([this.#rest, chunk]) : chunk;
    while (this.#rest.length >= MESSAGE_BYTES) {
      const message = decodeMessage(this.#rest.subarray(0, MESSAGE_BYTES));
      this.#rest = this.#rest.subarray(MESSAGE_BYTES);
      const waiting = this.#waiting.shift();
      if (waiting) waiting(message);
      else this.#queue.push(message);
    }
  }

  #end(): void {
    if (!this.#ended) this.#onEnd();
    this.#ended = true;
    for (const waiting of this.#waiting.splice(0)) waiting(undefined);
  }
}
