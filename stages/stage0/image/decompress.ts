import { createReadStream } from 'node:fs';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PodError } from '../error.ts';
import { type Blob, readBlob } from './blob.ts';
import { corrupt } from './tar/fault.ts';

export type Compression = 'gzip' | 'zstd' | 'xz' | 'bzip2' | 'none';

const CHUNK_BYTES = 512 * 1024;
/** The decoder's maximum window: zstd's own limit without --long. An archive could ask for 2 GiB. */
const ZSTD_WINDOW_LOG = 27;

/** Formats that Node cannot read: their first bytes, and the program that unpacks them. */
const BY_PROGRAM: readonly (readonly [Buffer, 'xz' | 'bzip2'])[] = [
  [Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), 'xz'],
  [Buffer.from('BZh'), 'bzip2'],
];

/** Other formats in which root file systems are published. */
const OTHERS: readonly (readonly [Buffer, string])[] = [
  [Buffer.from([0x5d, 0x00, 0x00]), 'lzma'],
  [Buffer.from([0x04, 0x22, 0x4d, 0x18]), 'lz4'],
];

/** Detects the compression by the first bytes, never by name or media type. Throws for an unsupported format. */
export function compressionOf(blob: Blob): Compression {
  const magic = readBlob(blob, 6);
  if (magic[0] === 0x1f && magic[1] === 0x8b) return 'gzip';
  if (isZstd(magic)) return 'zstd';
  const begins = ([bytes]: readonly [Buffer, string]): boolean => magic.subarray(0, bytes.length).equals(bytes);
  const program = BY_PROGRAM.find(begins);
  if (program && !isHeader(blob)) return program[1];
  const other = OTHERS.find(begins);
  if (!other || isHeader(blob)) return 'none';
  throw new PodError(
    'manifest/unsupported',
    `decompress ${blob.label}: compression with ${other[1]} is not supported`,
    {
      hint: `decompress it with ${other[1]} -d, or compress it with gzip, zstd, bzip2 or xz`,
    },
  );
}

/** A frame, or a skippable frame, with which parallel compressors begin. */
function isZstd(magic: Buffer): boolean {
  if (magic.length < 4) return false;
  const number = magic.readUInt32LE(0);
  return number === 0xfd2fb528 || (number & 0xffff_fff0) === 0x184d_2a50;
}

/** Checks for a tar header, because the first file name in an archive may look like the magic of a compression. */
function isHeader(blob: Blob): boolean {
  return readBlob(blob, 262).toString('latin1', 257) === 'ustar';
}

/** Passes the blob's raw bytes to `onRaw` and yields the decompressed ones. Consume it to the end, or abandon it with `return`. */
export async function* openDecompressed(blob: Blob, onRaw: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  if (blob.size === 0) throw corrupt(`read ${blob.label}: it is empty`);
  const compression = compressionOf(blob);
  if (compression === 'none') yield* readRaw(blob, onRaw);
  else if (compression === 'gzip') yield* gunzip(blob, onRaw);
  else if (compression === 'zstd') yield* unzstd(blob, onRaw);
  else yield* (await import('./decompress-program.ts')).decompressByProgram(blob, compression, readRaw(blob, onRaw));
}

async function* readRaw(blob: Blob, onRaw: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  const raw = createReadStream(blob.path, {
    start: blob.start,
    end: blob.start + blob.size - 1,
    highWaterMark: CHUNK_BYTES,
  });
  try {
    for await (const chunk of raw as AsyncIterable<Buffer>) {
      onRaw(chunk);
      yield chunk;
    }
  } finally {
    raw.destroy();
  }
}

async function* gunzip(blob: Blob, onRaw: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  const { createGunzip } = await import('node:zlib');
  const decoder = createGunzip({ chunkSize: CHUNK_BYTES });
  yield* decode(blob, onRaw, decoder, 'gzip');
  // Node stops at the end of the last member and ignores what follows.
  if (decoder.bytesWritten < blob.size)
    throw corrupt(
      `decompress ${blob.label}: ${blob.size - decoder.bytesWritten} bytes follow the end of the gzip data`,
    );
}

async function* unzstd(blob: Blob, onRaw: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  const { createZstdDecompress, constants } = (await import('node:zlib')) as unknown as ZstdModule;
  // until Node 22.15: the host's own program.
  if (createZstdDecompress === undefined)
    return yield* (await import('./decompress-program.ts')).decompressByProgram(blob, 'zstd', readRaw(blob, onRaw));
  const params = { [constants['ZSTD_d_windowLogMax']!]: ZSTD_WINDOW_LOG };
  yield* decode(blob, onRaw, createZstdDecompress({ chunkSize: CHUNK_BYTES, params }), 'zstd');
}

/** node:zlib has zstd since Node 22.15; its types come with a later @types/node than that of our minimum version. */
interface ZstdModule {
  readonly createZstdDecompress?: (options: { chunkSize: number; params: Record<number, number> }) => Duplex;
  readonly constants: Readonly<Record<string, number>>;
}

async function* decode(
  blob: Blob,
  onRaw: (chunk: Buffer) => void,
  decoder: Duplex,
  format: string,
): AsyncGenerator<Buffer> {
  // pipeline() destroys the decoder with the source's error, or with its own; the error then comes out of the loop.
  const fed = pipeline(readRaw(blob, onRaw), decoder);
  fed.catch(() => undefined);
  try {
    yield* decoder as AsyncIterable<Buffer>;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined || !/^(Z_|ZSTD_|ERR_ZSTD)/.test(code)) throw error;
    throw corrupt(`decompress ${blob.label}: not valid ${format} data: ${(error as Error).message}`, error);
  } finally {
    decoder.destroy();
  }
}
