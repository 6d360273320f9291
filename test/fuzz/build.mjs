// Builds the fuzzers: stage1's own sources under ASan and UBSan, with a program behind them instead of the kernel.

import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build } from 'esbuild';

export const SANITIZE = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
const FLAGS = ['-std=gnu17', '-O1', '-g', '-Wall', '-Wextra', '-Werror', '-DPOD_FUZZ', '-DPOD_HOSTED', ...SANITIZE];

/** The stage1 sources each driver does not include itself. */
const DRIVERS = {
  'tape-fuzz': ['tape.c'],
};

/** Compiles a driver into `outDir`; returns the program's path. */
export function buildFuzzer(top, outDir, name) {
  mkdirSync(outDir, { recursive: true });
  const program = join(outDir, name);
  const sources = [join(top, `test/fuzz/${name}.c`), ...DRIVERS[name].map((file) => join(top, 'stages/stage1', file))];
  execFileSync(process.env.CC ?? 'cc', [...FLAGS, '-o', program, ...sources], { stdio: ['ignore', 'ignore', 'inherit'] });
  return program;
}

/** Writes the encoder's own tapes to `outDir`, the smallest first; returns their paths. */
export async function writeCorpus(top, outDir) {
  mkdirSync(outDir, { recursive: true });
  const bundle = join(outDir, 'tapes.cjs');
  await build({
    absWorkingDir: top,
    entryPoints: ['test/fuzz/tapes.ts'],
    outfile: bundle,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    external: ['koffi'],
    define: { 'import.meta.url': '__importMetaUrl' },
    banner: { js: "const __importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
    logLevel: 'warning',
  });
  const { newCorpus } = createRequire(import.meta.url)(bundle);
  const corpus = newCorpus(process.arch === 'arm64' ? 'aarch64' : 'x86_64');
  return [...corpus].map(([name, bytes]) => {
    const path = join(outDir, `${name}.tape`);
    writeFileSync(path, bytes);
    return path;
  });
}
