import { closeSync, ftruncateSync, writeSync } from 'node:fs';
import type { TarEntry } from '../tar/entry.ts';
import { applyToFd } from './metadata.ts';

/** A file being written: bytes arrive in the archive's order and are written where the entry says. */
export class FileBody implements Disposable {
  readonly #fd: number;
  readonly #entry: TarEntry;
  readonly #keepsZeros: boolean;
  /** Offset of the next byte, and how many bytes may follow it there. */
  #at = 0;
  #room: number;
  #extent = -1;

  /** Takes over the descriptor. Without `keepsZeros`, chunks of only zeros become holes. */
  constructor(fd: number, entry: TarEntry, keepsZeros: boolean) {
    this.#fd = fd;
    this.#entry = entry;
    this.#keepsZeros = keepsZeros;
    this.#room = entry.extents ? 0 : entry.size;
  }

  write(chunk: Uint8Array): void {
    for (let done = 0; done < chunk.length;) {
      if (this.#room === 0) this.#nextExtent();
      const part = chunk.subarray(done, done + this.#room);
      if (this.#keepsZeros || !isZero(part)) this.#writeAll(part);
      else ftruncateSync(this.#fd, this.#at + part.length);
      this.#at += part.length;
      this.#room -= part.length;
      done += part.length;
    }
  }

  /** Sets the final size, the owner and the times. */
  end(): void {
    if (this.#entry.extents) ftruncateSync(this.#fd, this.#entry.size);
    applyToFd(this.#fd, this.#entry);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #nextExtent(): void {
    const extent = this.#entry.extents?.[++this.#extent];
    if (!extent) throw new Error('more bytes than the entry says');
    this.#at = extent.offset;
    this.#room = extent.length;
  }

  #writeAll(part: Uint8Array): void {
    for (let at = 0; at < part.length;) at += writeSync(this.#fd, part, at, part.length - at, this.#at + at);
  }
}

const ZEROS = Buffer.alloc(64 * 1024);

function isZero(chunk: Uint8Array): boolean {
  for (let at = 0; at < chunk.length; at += ZEROS.length) {
    const part = chunk.subarray(at, at + ZEROS.length);
    if (ZEROS.compare(part, 0, part.length, 0, part.length) !== 0) return false;
  }
  return true;
}
