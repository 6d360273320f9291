import { createReadStream } from 'node:fs';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PodError } from '../error.ts';
import { type Blob, readBlob } from './blob.ts';
import { corrupt } from './tar/fault.ts';

export type Compression = 'gzip' | 'zstd' | 'none';

const CHUNK_BYTES = 512 * 1024;
/** The decoder's maximum window: zstd's own limit without --long. An archive could ask for 2 GiB. */
const ZSTD_WINDOW_LOG = 27;

/** Other formats in which root file systems are published: their first bytes, and the program that unpacks them. */
const OTHERS: readonly (readonly [Buffer, string])[] = [
  [Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]), 'xz'],
  [Buffer.from('BZh'), 'bzip2'],
  [Buffer.from([0x5d, 0x00, 0x00]), 'lzma'],
  [Buffer.from([0x04, 0x22, 0x4d, 0x18]), 'lz4'],
];

/** Detects the compression by the first bytes, never by name or media type. Throws for an unsupported format. */
export function compressionOf(blob: Blob): Compression {
  const magic = readBlob(blob, 6);
  if (magic[0] === 0x1f && magic[1] === 0x8b) return 'gzip';
  if (isZstd(magic)) return 'zstd';
  const other = OTHERS.find(([bytes]) => magic.subarray(0, bytes.length).equals(bytes));
  if (!other || isHeader(blob)) return 'none';
  throw new PodError(
    'manifest/unsupported',
    `decompress ${blob.label}: compression with ${other[1]} is not supported`,
    {
      hint: `decompress it with ${other[1]} -d, or compress it with gzip or zstd`,
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
  else yield* unzstd(blob, onRaw);
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
  if (createZstdDecompress === undefined) return yield* unzstdByProgram(blob, onRaw);
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

/** until Node 22.15: the host's own program, found through the host's PATH and given no name from the image. */
async function* unzstdByProgram(blob: Blob, onRaw: (chunk: Buffer) => void): AsyncGenerator<Buffer> {
  const { execa } = await import('execa');
  const child = execa('zstd', ['-d', '-c', '-q', `--memory=${2 ** (ZSTD_WINDOW_LOG - 20)}MB`], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: { stdout: false, stderr: true },
    encoding: 'buffer',
    reject: false,
  });
  // A broken pipe means that zstd ended early, and its own message says why; a failed read is thrown below.
  let readError: Error | undefined;
  const fed = pipeline(readRaw(blob, onRaw), child.stdin).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') readError = error;
  });
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
    const result = await child;
    await fed;
    if (result.failed) throw programFailure(result, blob);
    if (readError !== undefined) throw readError;
  } finally {
    // If the spawn failed there is no pid, and Node's kill() would signal whatever number the handle's memory holds.
    if (child.pid !== undefined) child.kill('SIGKILL');
    await child;
  }
}

interface ProgramResult {
  readonly code?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly shortMessage?: string | undefined;
  readonly stderr?: unknown;
}

function programFailure(result: ProgramResult, blob: Blob): Error {
  if (result.code === 'ENOENT') {
    return new PodError(
      'host/tool',
      `decompress ${blob.label}: it is zstd, which this Node cannot read, and there is no program "zstd"`,
      {
        hint: 'install zstd (apt-get install zstd), or run pod on Node 22.15 or later',
      },
    );
  }
  if (result.exitCode === undefined) return new Error(`run zstd: ${result.shortMessage}`);
  const said = Buffer.from((result.stderr as Uint8Array | undefined) ?? [])
    .toString()
    .trim();
  return corrupt(`decompress ${blob.label}: not valid zstd data: ${said || `zstd ended with code ${result.exitCode}`}`);
}
