import { Socket } from 'node:net';
import type { Fd } from '../../linux/fd.ts';
import { pipe, PIPE_BYTES, readAvailable } from '../../linux/pipe.ts';
import { type Captured, MAX_BYTES } from './capture.ts';

/**
 * A pipe that a process with a label writes its output to: see `isLabelled`. It is read while the process runs. Beyond the limit,
 * the process gets a broken pipe.
 */
export class PipeCapture implements Captured {
  readonly far: Fd;
  readonly #near: number;
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor() {
    const [near, far] = pipe();
    this.far = far;
    this.#near = near.take();
    this.#socket = new Socket({ fd: this.#near, readable: true, writable: false });
    this.#socket.on('data', (chunk: Buffer) => this.#keep(chunk));
  }

  /** Everything written so far. Whatever the command left behind may go on writing: nobody waits for that. */
  text(): string {
    const rest = Buffer.allocUnsafe(PIPE_BYTES);
    if (!this.#socket.destroyed) this.#keep(rest.subarray(0, readAvailable(this.#near, rest)));
    return Buffer.concat(this.#chunks).toString();
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
    this.far[Symbol.dispose]();
  }

  #keep(chunk: Buffer): void {
    this.#bytes += chunk.length;
    this.#chunks.push(chunk);
    if (this.#bytes > MAX_BYTES) this.#socket.destroy();
  }
}
