import { createHash, type Hash } from 'node:crypto';
import type { Extent } from '../image/tar/entry.ts';

/** Divides the block size of every file system, so that no hole ends inside a unit. */
const UNIT = 512;
const ZEROS = Buffer.alloc(UNIT);

/**
 * Of a file's bytes, wherever the file system keeps holes for zeros: units of zeros are left out, and what follows them is said to
 * be where it is. So the holes of a huge file cost nothing. It is no digest of the bytes as they are.
 */
export class ContentDigest {
  readonly #hash: Hash = createHash('sha256');
  readonly #extents: readonly Extent[];
  #extent = 0;
  /** In the extent. */
  #done = 0;
  #lastEnd = 0;
  /** A unit that is not complete yet. */
  readonly #unit: Buffer = Buffer.alloc(UNIT);
  #unitAt = 0;
  #unitBytes = 0;

  /** Of the data to come, in order. */
  constructor(extents: readonly Extent[]) {
    this.#extents = extents;
  }

  update(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length;) {
      const { offset, length } = this.#extents[this.#extent]!;
      const part = chunk.subarray(at, at + length - this.#done);
      this.#take(part, offset + this.#done);
      at += part.length;
      this.#done += part.length;
      if (this.#done < length) continue;
      this.#extent++;
      this.#done = 0;
    }
  }

  hex(): string {
    this.#flush();
    return this.#hash.digest('hex');
  }

  #take(part: Uint8Array, offset: number): void {
    let at = 0;
    if (this.#unitBytes > 0 && offset !== this.#unitAt + this.#unitBytes) this.#flush();
    while (at < part.length) {
      const isWhole = this.#unitBytes === 0 && (offset + at) % UNIT === 0 && part.length - at >= UNIT;
      at += isWhole ? this.#takeWhole(part.subarray(at), offset + at) : this.#gather(part.subarray(at), offset + at);
    }
  }

  /** Whole units; returns their bytes. */
  #takeWhole(part: Uint8Array, offset: number): number {
    const length = part.length - (part.length % UNIT);
    let begin = 0;
    for (let at = 0; at < length; at += UNIT) {
      if (ZEROS.compare(part, at, at + UNIT) !== 0) continue;
      this.#put(part.subarray(begin, at), offset + begin);
      begin = at + UNIT;
    }
    this.#put(part.subarray(begin, length), offset + begin);
    return length;
  }

  /** Part of a unit, which waits for the rest of it; returns the bytes taken. */
  #gather(part: Uint8Array, offset: number): number {
    if (this.#unitBytes === 0) this.#unitAt = offset;
    const taken = part.subarray(0, UNIT - (offset % UNIT));
    this.#unit.set(taken, this.#unitBytes);
    this.#unitBytes += taken.length;
    if ((offset + taken.length) % UNIT === 0) this.#flush();
    return taken.length;
  }

  #flush(): void {
    const length = this.#unitBytes;
    this.#unitBytes = 0;
    if (ZEROS.compare(this.#unit, 0, length, 0, length) !== 0) this.#put(this.#unit.subarray(0, length), this.#unitAt);
  }

  #put(bytes: Uint8Array, offset: number): void {
    if (bytes.length === 0) return;
    if (offset !== this.#lastEnd) this.#hash.update(`\0at ${offset}\0`);
    this.#hash.update(bytes);
    this.#lastEnd = offset + bytes.length;
  }
}
