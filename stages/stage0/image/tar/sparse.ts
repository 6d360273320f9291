// GNU tar's sparse format 1.0, "Storing Sparse Files" in its manual. The body begins with a map in decimal lines: a count, then the
// offset and length of each piece of data, padded to a whole block. Then come the pieces without the holes between them.

import type { Extent } from './entry.ts';
import { BLOCK, HeaderFault } from './header.ts';

/** More pieces than any program makes, but few enough to keep in memory. */
export const MAX_EXTENTS = 1_000_000;

const NEWLINE = 0x0a;
const MAX_DIGITS = 16;

export function storedBytes(extents: readonly Extent[]): number {
  return extents.reduce((sum, { length }) => sum + length, 0);
}

export function encodeMap(extents: readonly Extent[], size: number): Buffer {
  // Other tools read the pieces one after another, while GNU tar begins each at a block boundary: both must give the same result.
  if (extents.slice(0, -1).some(({ length }) => length % BLOCK !== 0))
    throw new Error('a piece of a sparse file ends within a block');
  const last = extents.at(-1);
  // A file that ends in a hole gets an empty piece at its end; without it, GNU tar makes the file too short.
  const all = last && last.offset + last.length === size ? extents : [...extents, { offset: size, length: 0 }];
  const text = Buffer.from(`${all.length}\n${all.map(({ offset, length }) => `${offset}\n${length}\n`).join('')}`);
  return Buffer.concat([text, Buffer.alloc((BLOCK - (text.length % BLOCK)) % BLOCK)]);
}

/** Collects the pieces of a file of the given size. */
export class Extents {
  readonly #extents: Extent[] = [];
  readonly #size: number;
  #end = 0;
  #stored = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** In order, none empty. */
  get extents(): readonly Extent[] {
    return this.#extents;
  }

  get storedBytes(): number {
    return this.#stored;
  }

  protected add(offset: number, length: number): void {
    if (offset < this.#end || length < 0 || offset + length > this.#size)
      throw new HeaderFault('the map of a sparse file has a piece out of place');
    this.#end = offset + length;
    this.#stored += length;
    if (length > 0) this.#extents.push({ offset, length });
  }
}

/** Parses a map block by block. Throws a `HeaderFault` for an invalid map. */
export class MapParser extends Extents {
  #count = -1;
  #offset = -1;
  #number = 0;
  #digits = 0;

  /** Returns true when the map ends in this block. */
  push(block: Buffer, at: number): boolean {
    for (let i = at; i < at + BLOCK && this.#count !== 0; i++) this.#take(block[i]!);
    return this.#count === 0;
  }

  #take(byte: number): void {
    if (byte === NEWLINE && this.#digits > 0) {
      this.#endNumber(this.#number);
      this.#number = 0;
      this.#digits = 0;
      return;
    }
    if (byte < 0x30 || byte > 0x39 || ++this.#digits > MAX_DIGITS)
      throw new HeaderFault('the map of a sparse file is malformed');
    this.#number = this.#number * 10 + (byte - 0x30);
  }

  #endNumber(value: number): void {
    if (this.#count < 0) {
      if (value > MAX_EXTENTS)
        throw new HeaderFault(`the map of a sparse file has ${value} pieces, more than ${MAX_EXTENTS}`);
      this.#count = value;
    } else if (this.#offset < 0) {
      this.#offset = value;
    } else {
      this.add(this.#offset, value);
      this.#offset = -1;
      this.#count--;
    }
  }
}
