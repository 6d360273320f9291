import { pipeline } from 'node:stream/promises';
import { PodError } from '../error.ts';
import type { Blob } from './blob.ts';
import { corrupt } from './tar/fault.ts';

export type Program = 'zstd' | 'xz' | 'bzip2';

interface ProgramInfo {
  readonly args: readonly string[];
  readonly hint: string;
}

/** An archive chooses how much memory its decoder needs: up to 2 GiB of zstd, 4 GiB of xz. bzip2 never needs 8 MB. */
const PROGRAMS: Readonly<Record<Program, ProgramInfo>> = {
  zstd: {
    args: ['--memory=128MB'],
    hint: 'install zstd (apt-get install zstd), or run pod on Node 22.15 or later',
  },
  // The largest preset needs 65 MB.
  xz: { args: ['--format=xz', '--threads=1', '--memlimit-decompress=128MiB'], hint: 'apt-get install xz-utils' },
  bzip2: { args: [], hint: 'apt-get install bzip2' },
};

/**
 * Decompresses what Node cannot read with the host's own program, found through the host's PATH and given no name from the image.
 * `raw`: the bytes of the blob.
 */
export async function* decompressByProgram(
  blob: Blob,
  program: Program,
  raw: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  const { execa } = await import('execa');
  const child = execa(program, ['-d', '-c', '-q', ...PROGRAMS[program].args], {
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: { stdout: false, stderr: true },
    encoding: 'buffer',
    reject: false,
    // The caller's defaults for these programs could lift the limit.
    env: { XZ_OPT: '', XZ_DEFAULTS: '', BZIP2: '', BZIP: '' },
  });
  // A broken pipe means that the program ended early, and its own message says why; a failed read is thrown below.
  let readError: Error | undefined;
  const fed = pipeline(raw, child.stdin).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') readError = error;
  });
  try {
    yield* child.stdout as AsyncIterable<Buffer>;
    const result = await child;
    await fed;
    if (result.failed) throw failureOf(program, result, blob);
    if (readError !== undefined) throw readError;
  } finally {
    // If the spawn failed there is no pid, and Node's kill() would signal whatever number the handle's memory holds.
    if (child.pid !== undefined) child.kill('SIGKILL');
    await child;
  }
}

interface Result {
  readonly code?: string | undefined;
  readonly exitCode?: number | undefined;
  readonly shortMessage?: string | undefined;
  readonly stderr?: unknown;
}

function failureOf(program: Program, result: Result, blob: Blob): Error {
  if (result.code === 'ENOENT') {
    return new PodError(
      'host/tool',
      `decompress ${blob.label}: it is ${program}, which this Node cannot read, and there is no program "${program}"`,
      { hint: PROGRAMS[program].hint },
    );
  }
  if (result.exitCode === undefined) return new Error(`run ${program}: ${result.shortMessage}`);
  const said = Buffer.from((result.stderr as Uint8Array | undefined) ?? [])
    .toString()
    .trim();
  return corrupt(
    `decompress ${blob.label}: not valid ${program} data: ${said || `${program} ended with code ${result.exitCode}`}`,
  );
}
