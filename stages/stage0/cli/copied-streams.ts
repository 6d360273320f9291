import { closeSync, fstatSync, readSync } from 'node:fs';
import { Socket } from 'node:net';
import { pipe } from '../../linux/pipe.ts';
import { openStandardInput } from '../launch/stdin.ts';
import type { ExecOptions } from './launch-api.ts';
import { BrokenPipe, STDERR, STDOUT, writeAll } from './terminal.ts';

/** pipe(7): all that can be in one at a time. */
const PIPE_BYTES = 64 * 1024;

type Streams = ExecOptions['stdio'];

interface Copy {
  readonly far: number;
  readonly near: number;
  readonly socket: Socket;
  readonly target: number;
}

/**
 * Pipes in place of those streams of ours that are devices. A terminal that got into a pod would be readable, and its modes
 * changeable, for as long as anything stays there that inherited it; and a node as /dev/null is the host's own.
 */
export class CopiedStreams implements Disposable {
  readonly streams: Streams;
  readonly #copies: Copy[] = [];
  #failure: Error | undefined;

  constructor([input, output, errors]: Streams) {
    const isOne = output !== null && errors !== null && isDevice(output) && isSame(output, errors);
    const out = this.#replace(output, STDOUT);
    this.streams = [
      input === null ? null : openStandardInput(),
      out,
      // One pipe keeps the order of what is written to one terminal.
      isOne ? out : this.#replace(errors, STDERR),
    ];
  }

  /** The process has its own copies of the pipes by now. */
  handedOver(): void {
    for (const { far } of this.#copies) closeSync(far);
  }

  /** Shows what is in the pipes still. What the process left behind may go on writing: nobody waits for that. */
  [Symbol.dispose](): void {
    const chunk = Buffer.allocUnsafe(PIPE_BYTES);
    for (const { near, target, socket } of this.#copies) {
      if (!socket.destroyed) this.#show(target, chunk.subarray(0, readSome(near, chunk)), socket);
      socket.destroy();
    }
  }

  /** Afterwards: throws what kept us from showing something. */
  check(): void {
    if (this.#failure) throw this.#failure;
  }

  /** Once it cannot be done, the process is told by a broken pipe. */
  #show(target: number, bytes: Uint8Array, socket: Socket): void {
    try {
      writeAll(target, bytes);
    } catch (error) {
      // That a terminal is gone is no news to whoever had it.
      if (!(error instanceof BrokenPipe)) this.#failure ??= error as Error;
      socket.destroy();
    }
  }

  #replace(fd: number | null, target: number): number | null {
    if (fd === null || !isDevice(fd)) return fd;
    const [near, far] = pipe().map((end) => end.take()) as [number, number];
    const socket = new Socket({ fd: near, readable: true, writable: false });
    socket.on('data', (bytes: Buffer) => this.#show(target, bytes, socket));
    this.#copies.push({ far, near, socket, target });
    return far;
  }
}

function isDevice(fd: number): boolean {
  return fstatSync(fd).isCharacterDevice();
}

function isSame(a: number, b: number): boolean {
  const [one, other] = [fstatSync(a), fstatSync(b)];
  return one.dev === other.dev && one.ino === other.ino;
}

/** Bytes that are there now; 0 when there are none. */
function readSome(fd: number, chunk: Uint8Array): number {
  try {
    return readSync(fd, chunk);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN') return 0;
    throw error;
  }
}
