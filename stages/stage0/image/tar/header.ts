// tar(5): the 512-byte header in its v7, ustar, star and GNU forms. Odd fields are read as in Go's archive/tar, which other
// runtimes use: two tools that read the same archive differently are a security hole.

export const BLOCK = 512;

/** A header before extended headers are applied. */
export interface RawHeader {
  readonly typeFlag: string;
  readonly path: string;
  readonly linkPath: string;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSec: number;
  readonly devMajor: number;
  readonly devMinor: number;
}

/** An invalid field; the reader adds the archive and the entry. */
export class HeaderFault extends Error {}

export function isZeroBlock(block: Buffer, at: number): boolean {
  for (let i = at; i < at + BLOCK; i++) if (block[i] !== 0) return false;
  return true;
}

/** Throws a `HeaderFault` when the checksum or a number is wrong. */
export function decodeHeader(block: Buffer, at: number): RawHeader {
  verifyChecksum(block, at);
  const magic = block.toString('latin1', at + 257, at + 265);
  const posix = magic.startsWith('ustar\0');
  const extended = posix || magic === 'ustar  \0';
  const name = text(block, at, 100);
  // GNU has times in the place of the ustar prefix.
  const prefix = posix
    ? text(block, at + 345, block.toString('latin1', at + 508, at + 512) === 'tar\0' ? 131 : 155)
    : '';
  return {
    typeFlag: String.fromCharCode(block[at + 156]!),
    path: prefix === '' ? name : `${prefix}/${name}`,
    linkPath: text(block, at + 157, 100),
    size: decodeNumber(block, at + 124, 12, 'size'),
    mode: decodeNumber(block, at + 100, 8, 'mode'),
    uid: decodeNumber(block, at + 108, 8, 'uid'),
    gid: decodeNumber(block, at + 116, 8, 'gid'),
    mtimeSec: decodeNumber(block, at + 136, 12, 'mtime'),
    devMajor: extended ? decodeNumber(block, at + 329, 8, 'devmajor') : 0,
    devMinor: extended ? decodeNumber(block, at + 337, 8, 'devminor') : 0,
  };
}

function verifyChecksum(block: Buffer, at: number): void {
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < BLOCK; i++) {
    const byte = i >= 148 && i < 156 ? 0x20 : block[at + i]!;
    unsigned += byte;
    // Old tars summed signed characters.
    signed += byte < 128 ? byte : byte - 256;
  }
  const stated = decodeNumber(block, at + 148, 8, 'checksum');
  if (stated !== unsigned && stated !== signed) throw new HeaderFault('the checksum of the header is wrong');
}

/** The text up to the first NUL. */
function text(block: Buffer, at: number, length: number): string {
  let end = at;
  while (end < at + length && block[end] !== 0) end++;
  return block.toString('latin1', at, end);
}

/** Octal, or base 256 when the first bit is set. Throws a `HeaderFault`. */
export function decodeNumber(block: Buffer, at: number, length: number, field: string): number {
  return (block[at]! & 0x80) === 0 ? octal(block, at, length, field) : base256(block, at, length, field);
}

/** Digits between leading spaces and a final space or NUL; an empty field is 0. */
function octal(block: Buffer, at: number, length: number, field: string): number {
  let i = at;
  const end = at + length;
  while (i < end && (block[i] === 0x20 || block[i] === 0)) i++;
  let value = 0;
  for (; i < end; i++) {
    const byte = block[i]!;
    if (byte === 0x20 || byte === 0) break;
    if (byte < 0x30 || byte > 0x37) throw new HeaderFault(`the header's ${field} is not an octal number`);
    value = value * 8 + (byte - 0x30);
  }
  return value;
}

/** Big-endian two's complement with the marker bit on top, which GNU writes for numbers too large for octal. */
function base256(block: Buffer, at: number, length: number, field: string): number {
  let bits = BigInt(block[at]! & 0x7f);
  for (let i = at + 1; i < at + length; i++) bits = (bits << 8n) | BigInt(block[i]!);
  const value = Number(BigInt.asIntN(length * 8 - 1, bits));
  if (!Number.isSafeInteger(value)) throw new HeaderFault(`the header's ${field} is out of range`);
  return value;
}
