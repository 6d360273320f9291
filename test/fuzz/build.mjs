// Builds the fuzzers: stage1's own sources under ASan and UBSan, with a program behind them instead of the kernel.

import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import { build } from 'esbuild';

export const SANITIZE = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
const FLAGS = ['-std=gnu17', '-O1', '-g', '-Wall', '-Wextra', '-Werror', '-DPOD_FUZZ', '-DPOD_HOSTED', ...SANITIZE];

/** Of each driver: further files of its own, the stage1 sources it needs beside what it includes itself, or those it does not, and the tapes it is given. */
const DRIVERS = {
  'tape-fuzz': { sources: ['tape.c', 'verify-apps.c', 'verify.c'], tapes: ['small', 'pod', 'many', 'exec'] },
  'init-fuzz': {
    parts: ['init-kernel.c', 'init-input.c'],
    without: ['init.c', 'mend.c', 'monitor.c', 'start.c'],
    tapes: ['small', 'exec'],
  },
  'http-fuzz': { sources: ['http.c'], tapes: [] },
  'grpc-fuzz': { sources: ['health.c', 'hpack.c', 'http2.c', 'io.c', 'outcome.c'], tapes: [] },
};
export const FUZZERS = Object.keys(DRIVERS);

/** The fuzzer's arguments after seed and count: those of the tapes in `dir` it wants. */
export function tapesFor(dir, name) {
  return DRIVERS[name].tapes.map((tape) => join(dir, `${tape}.tape`));
}

/** Compiles a driver into `outDir`; returns the program's path. */
export function buildFuzzer(top, outDir, name) {
  mkdirSync(outDir, { recursive: true });
  const program = join(outDir, name);
  const sources = [
    ...[`${name}.c`, ...(DRIVERS[name].parts ?? [])].map((file) => join(top, 'test/fuzz', file)),
    ...stage1Sources(top).filter((path) => isPartOf(DRIVERS[name], basename(path))),
  ];
  execFileSync(process.env.CC ?? 'cc', [...FLAGS, '-o', program, ...sources], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return program;
}

function isPartOf({ sources, without }, file) {
  return sources?.includes(file) ?? !without.includes(file);
}

function stage1Sources(top) {
  const folder = join(top, 'stages/stage1');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.c'))
    .map((name) => join(folder, name));
}

/**
 * All of stage1 under the sanitizers, for pods that really run, as `outDir/stage1-ARCH`: where a bundle below `outDir` finds it
 * before it finds the real one. Returns the bundled test files.
 */
export async function buildSanitizedTests(top, outDir, files) {
  mkdirSync(outDir, { recursive: true });
  const arch = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const flags = FLAGS.filter((flag) => flag !== '-DPOD_FUZZ');
  const output = join(outDir, `stage1-${arch}`);
  const all = [...stage1Sources(top), join(top, 'test/fuzz/asan-options.c')];
  execFileSync(process.env.CC ?? 'cc', [...flags, '-o', output, ...all], { stdio: ['ignore', 'ignore', 'inherit'] });
  await bundle(top, { entryPoints: files, outdir: outDir, outExtension: { '.js': '.cjs' } });
  return files.map((file) => join(outDir, basename(file).replace(/\.ts$/, '.cjs')));
}

function bundle(top, options) {
  return build({
    absWorkingDir: top,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    external: ['koffi', 'esbuild', 'ajv'],
    define: { 'import.meta.filename': '__filename' },
    logLevel: 'warning',
    ...options,
  });
}

/** The fuzzer of manifests, as a script. */
export async function buildManifestFuzzer(top, outDir) {
  const outfile = join(outDir, 'manifest-fuzz.cjs');
  await bundle(top, { entryPoints: ['test/fuzz/manifest-fuzz.ts'], outfile, sourcemap: 'inline' });
  return outfile;
}

/** Writes the encoder's own tapes to `outDir`, by their names. */
export async function writeCorpus(top, outDir) {
  mkdirSync(outDir, { recursive: true });
  const outfile = join(outDir, 'tapes.cjs');
  await bundle(top, { entryPoints: ['test/fuzz/tapes.ts'], outfile });
  const { newCorpus } = createRequire(import.meta.url)(outfile);
  const corpus = newCorpus(process.arch === 'arm64' ? 'aarch64' : 'x86_64');
  for (const [name, bytes] of corpus) writeFileSync(join(outDir, `${name}.tape`), bytes);
}
