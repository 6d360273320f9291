import { Socket } from 'node:net';
import { O_CLOEXEC } from '../../linux/constants.ts';
import { Fd } from '../../linux/fd.ts';
import { syscall } from '../../linux/syscall.ts';

/** A pipe whose far end a process writes to, and all that comes through it. */
export class Capture implements Disposable {
  readonly far: Fd;
  readonly #socket: Socket;
  readonly #chunks: Buffer[] = [];
  readonly #ended: Promise<void>;

  constructor() {
    const pair = new Int32Array(new ArrayBuffer(8));
    syscall('pipe2', new Uint8Array(pair.buffer), O_CLOEXEC);
    this.far = new Fd(pair[1]!);
    this.#socket = new Socket({ fd: pair[0]!, readable: true, writable: false });
    this.#socket.on('data', (chunk) => this.#chunks.push(chunk));
    this.#ended = new Promise((resolve) => {
      this.#socket.once('close', resolve);
    });
  }

  /** Everything, once the last writer has closed its end. */
  async text(): Promise<string> {
    await this.#ended;
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  [Symbol.dispose](): void {
    this.far[Symbol.dispose]();
    this.#socket.destroy();
  }
}
