// GNU tar's old sparse format, the default of `tar -S`; "Basic Tar Format" in its manual. The header contains the first four
// pieces; blocks with 21 more each follow while a flag says so, and then the data of the pieces.

import { decodeNumber, HeaderFault } from './header.ts';
import { Extents, MAX_EXTENTS } from './sparse.ts';

const IN_HEADER = { at: 386, pieces: 4, flagAt: 482 };
const IN_BLOCK = { at: 0, pieces: 21, flagAt: 504 };
const REAL_SIZE_AT = 483;
const NUMBER_BYTES = 12;

/** The real size of such a file. */
export function oldSparseSize(header: Buffer, at: number): number {
  const size = decodeNumber(header, at + REAL_SIZE_AT, NUMBER_BYTES, 'real size');
  if (size < 0) throw new HeaderFault("the header's real size is negative");
  return size;
}

/** Parses the header, then its further blocks. Throws a `HeaderFault` for an invalid map. */
export class OldMap extends Extents {
  #pieces = 0;

  /** Returns true when no further block of the map follows. */
  readHeader(block: Buffer, at: number): boolean {
    return this.#read(block, at, IN_HEADER);
  }

  push(block: Buffer, at: number): boolean {
    return this.#read(block, at, IN_BLOCK);
  }

  #read(block: Buffer, at: number, place: typeof IN_HEADER): boolean {
    for (let piece = 0; piece < place.pieces; piece++) {
      const offsetAt = at + place.at + piece * 2 * NUMBER_BYTES;
      const lengthAt = offsetAt + NUMBER_BYTES;
      // The first piece without a length ends the list.
      if (block[lengthAt] === 0) break;
      if (++this.#pieces > MAX_EXTENTS)
        throw new HeaderFault(`the map of a sparse file has more than ${MAX_EXTENTS} pieces`);
      const offset = decodeNumber(block, offsetAt, NUMBER_BYTES, 'offset');
      this.add(offset, decodeNumber(block, lengthAt, NUMBER_BYTES, 'length'));
    }
    const more = block[at + place.flagAt];
    return more === 0 || more === 0x30;
  }
}
