// Test files are bundled as the program itself is: CommonJS, with import.meta.filename given a meaning.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { build } from 'esbuild';
import { digestFiles, DIST, filesBelow, TOP } from '../../bin/build/digest.mjs';

const TESTS = join(TOP, 'test');
const OUT = join(DIST, 'test');

/** Test files below test/ whose path holds every pattern. */
export function selectTests(patterns) {
  const files = filesBelow(TESTS, ['.test.ts']).map((file) => relative(TOP, file));
  return files.filter((file) => patterns.every((pattern) => file.includes(pattern.replace(/^\.\//, ''))));
}

/** Bundles the files; returns source → bundle. */
export async function bundleTests(files) {
  rmSync(join(OUT, 'test'), { recursive: true, force: true });
  return bundleInto(OUT, files);
}

/** The same, somewhere below dist. */
export async function bundleInto(outDir, files) {
  await build({
    absWorkingDir: TOP,
    entryPoints: files,
    outdir: outDir,
    outbase: '.',
    outExtension: { '.js': '.cjs' },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    // Native code, and programs with files of their own.
    external: ['koffi', 'esbuild', 'ajv', '*/dist/index.cjs', '*/dist/index.mjs'],
    define: { 'import.meta.filename': '__filename' },
    sourcemap: 'inline',
    sourcesContent: false,
    logLevel: 'warning',
  });
  return new Map(files.map((file) => [file, join(outDir, file.replace(/\.ts$/, '.cjs'))]));
}

/** The program that runs inside pods and says what it sees: dist/test/probe. */
export function buildProbe() {
  const sources = filesBelow(join(TESTS, 'probe'), ['.c']);
  const digest = digestFiles([...sources, ...filesBelow(join(TESTS, 'probe'), ['.h'])]);
  const stamp = join(OUT, 'probe.sources');
  if (existsSync(join(OUT, 'probe')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  mkdirSync(OUT, { recursive: true });
  const flags = ['-std=gnu17', '-O1', '-static', '-Wall', '-Wextra', '-Werror'];
  execFileSync(process.env.CC ?? 'cc', [...flags, '-o', join(OUT, 'probe'), ...sources], { stdio: 'inherit' });
  writeFileSync(stamp, digest);
}
