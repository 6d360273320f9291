import { closeSync, fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import { pipe, PIPE_BYTES, readAvailable } from '../../linux/pipe.ts';
import { openStandardInput } from '../launch/stdin.ts';
import type { Streams } from './launch-api.ts';
import { BrokenPipe, STDERR, STDOUT, writeAll } from './terminal.ts';

interface Copy {
  readonly far: number;
  readonly near: number;
  readonly socket: Socket;
  readonly target: number;
}

/**
 * Pipes in place of those streams of ours that are devices, and of input from a file. A terminal that got into a pod would be
 * readable, and its modes changeable, for as long as anything stays there that inherited it; and a node as /dev/null is the host's
 * own. For an app with a label, in place of all.
 */
export class CopiedStreams implements Disposable {
  readonly streams: Streams;
  readonly #copies: Copy[] = [];
  readonly #isLabelled: boolean;
  readonly #input: number | null;
  #failure: Error | undefined;

  constructor([input, output, errors]: Streams, isLabelled: boolean) {
    this.#isLabelled = isLabelled;
    const isOne = output !== null && errors !== null && this.#isCopied(output) && isSame(output, errors);
    const out = this.#replace(output, STDOUT);
    this.#input = input === null ? null : openStandardInput(isLabelled);
    this.streams = [
      this.#input,
      out,
      // One pipe keeps the order of what is written to one terminal, or one file.
      isOne ? out : this.#replace(errors, STDERR),
    ];
  }

  /** The process has its own copies of the pipes by now. */
  handedOver(): void {
    for (const { far } of this.#copies) closeSync(far);
    // Else the copy of the input would not be told that nobody reads it any more.
    if (this.#input !== null && this.#input !== 0) closeSync(this.#input);
  }

  /** Shows what is in the pipes still. What the process left behind may go on writing: nobody waits for that. */
  [Symbol.dispose](): void {
    const chunk = Buffer.allocUnsafe(PIPE_BYTES);
    for (const { near, target, socket } of this.#copies) {
      if (!socket.destroyed) this.#show(target, chunk.subarray(0, readAvailable(near, chunk)), socket);
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
    if (fd === null || !this.#isCopied(fd)) return fd;
    const [near, far] = pipe().map((end) => end.take()) as [number, number];
    const socket = new Socket({ fd: near, readable: true, writable: false });
    socket.on('data', (bytes: Buffer) => this.#show(target, bytes, socket));
    this.#copies.push({ far, near, socket, target });
    return far;
  }

  #isCopied(fd: number): boolean {
    return this.#isLabelled || fstatSync(fd).isCharacterDevice();
  }
}

function isSame(a: number, b: number): boolean {
  const [one, other] = [fstatSync(a), fstatSync(b)];
  return one.dev === other.dev && one.ino === other.ino;
}
