import { readSync } from 'node:fs';
import type { Fd } from '../../linux/fd.ts';
import { MemoryFiles } from '../../linux/memory-files.ts';
import { isRefusal } from '../refusal.ts';

/** The limit for all output captured at a time from a pod's commands, which bounds what a command that prints endlessly costs. */
export const MAX_BYTES: number = 64 * 1024 * 1024;
const CHUNK_BYTES = 64 * 1024;
const buffer = Buffer.allocUnsafe(CHUNK_BYTES);

/** Collects what a process writes to its end, `far`. */
export interface Captured extends Disposable {
  readonly far: Fd;
  readonly text: () => string;
}

/**
 * An in-memory file that a process writes its output to. Unlike a pipe, it needs no reader while the process runs, and background
 * processes that the command leaves behind cannot make the reader wait for end of file.
 */
export class Capture implements Captured {
  readonly far: Fd;

  constructor(far: Fd) {
    this.far = far;
  }

  /** Everything written so far. */
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

  /** Reads into a shared buffer, which the next call overwrites. */
  #read(position: number): Buffer {
    return buffer.subarray(0, readSync(this.far.number, buffer, 0, CHUNK_BYTES, position));
  }

  [Symbol.dispose](): void {
    this.far[Symbol.dispose]();
  }
}

/**
 * Keeps two captures ready for the next process, made while the caller is idle: making them takes a tenth of the time of a short
 * command.
 */
export class SpareCaptures implements Disposable {
  readonly #spare: Capture[] = [];
  #files: MemoryFiles | undefined;
  #isOpen = true;

  take(): Capture {
    return this.#spare.pop() ?? this.#make();
  }

  /** Runs after the current turn of the event loop. */
  refillSoon(): void {
    setImmediate(() => {
      try {
        while (this.#isOpen && this.#spare.length < 2) this.#spare.push(this.#make());
      } catch (error) {
        // No caller can receive the error here: the next exec tries again and reports it.
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
