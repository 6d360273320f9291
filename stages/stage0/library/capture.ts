import { readSync } from 'node:fs';
import type { Fd } from '../../linux/fd.ts';
import { MemoryFiles } from '../../linux/memory-files.ts';
import { isRefusal } from '../refusal.ts';

/** Of all that is kept of a pod's commands at a time, so that one that prints without end costs no more. */
const MAX_BYTES = 64 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
const buffer = Buffer.allocUnsafe(CHUNK_BYTES);

/**
 * A file in memory that a process writes its output to. Unlike a pipe it needs no reader while the process runs, and what the
 * process left behind in the background cannot keep us waiting for an end.
 */
export class Capture implements Disposable {
  readonly far: Fd;

  constructor(far: Fd) {
    this.far = far;
  }

  /** Everything that was written until now. */
  text(): string {
    const first = this.#read(0);
    if (first.length < CHUNK_BYTES) return first.toString();
    const chunks = [Buffer.from(first)];
    for (let at = first.length; ;) {
      const chunk = this.#read(at);
      if (chunk.length === 0) return Buffer.concat(chunks).toString();
      chunks.push(Buffer.from(chunk));
      at += chunk.length;
    }
  }

  /** Into the buffer that the next call uses again. */
  #read(position: number): Buffer {
    return buffer.subarray(0, readSync(this.far.number, buffer, 0, CHUNK_BYTES, position));
  }

  [Symbol.dispose](): void {
    this.far[Symbol.dispose]();
  }
}

/** Two captures for the next process, made while nobody waits: making them is a tenth of what a short command takes. */
export class SpareCaptures implements Disposable {
  readonly #spare: Capture[] = [];
  #files: MemoryFiles | undefined;
  #isOpen = true;

  take(): Capture {
    return this.#spare.pop() ?? this.#make();
  }

  /** After the current turn of the event loop. */
  refillSoon(): void {
    setImmediate(() => {
      try {
        while (this.#isOpen && this.#spare.length < 2) this.#spare.push(this.#make());
      } catch (error) {
        // Nobody is there to be told: whoever needs the next one tries again, and is.
        if (!isRefusal(error)) throw error;
      }
    });
  }

  #make(): Capture {
    this.#files ??= new MemoryFiles(MAX_BYTES);
    return new Capture(this.#files.open());
  }

  [Symbol.dispose](): void {
    this.#isOpen = false;
    for (const capture of this.#spare.splice(0)) capture[Symbol.dispose]();
    this.#files?.[Symbol.dispose]();
    this.#files = undefined;
  }
}
