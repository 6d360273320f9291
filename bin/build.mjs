#!/usr/bin/env node
// Builds everything under dist/ (npm's `prepare`). A step whose inputs did not change since its last run is skipped.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestFiles, DIST, filesBelow, TOP } from './build/digest.mjs';

const RECORD = join(DIST, '.build.json');

/** In order: the bundle holds what `schemas` generates. `outputs` are files whose absence makes a step stale. A step may return what it made. */
const STEPS = [
  {
    name: 'schemas',
    inputs: ['schemas', 'stages/stage0/isolators', 'stages/stage0/error.ts', 'bin/build/schemas.mjs'],
    outputs: [],
    run: async () => (await import('./build/schemas.mjs')).buildSchemas(),
  },
  {
    name: 'stage1',
    inputs: ['stages/stage1', 'bin/build/stage1.mjs'],
    outputs: [],
    // It looks for itself, and a cross compiler may have come since.
    always: true,
    run: async () => (await import('./build/stage1.mjs')).buildStage1(),
  },
  {
    name: 'bundle',
    inputs: ['stages', 'schemas', 'bin/build', 'bin/pod.cjs', 'bin/library.cjs', 'manifests/hello.pod.yaml'],
    outputs: [
      'pod-start.cjs',
      'pod-exec.cjs',
      'pod-quick.cjs',
      'pod-status.cjs',
      'pod-validate.cjs',
      'pod-apply.cjs',
      'pod-control.cjs',
      'pod-run.cjs',
      'pod-rest.cjs',
      'library.cjs',
      'index.cjs',
      'index.mjs',
      'test.cjs',
      'test.mjs',
    ],
    run: async () => (await import('./build/bundle.mjs')).buildBundle(),
  },
  {
    name: 'types',
    inputs: ['stages', 'tsconfig.json', 'bin/build/types.mjs', 'bin/build/tsconfig.types.json'],
    outputs: ['types/stages/stage0/index.d.ts', 'types/stages/stage0/test.d.ts', 'types-cjs/package.json'],
    run: async () => (await import('./build/types.mjs')).buildTypes(),
  },
];

const INPUT_ENDINGS = ['.ts', '.mjs', '.cjs', '.json', '.yaml', '.c', '.h'];

// esbuild's and ajv's versions are in the lock file; V8 rejects code caches of another Node.
const TOOLCHAIN = [
  process.version,
  process.arch,
  process.env.CC ?? '',
  readFileSync(join(TOP, 'package-lock.json'), 'utf8'),
];

function digestOf(step) {
  return digestFiles(
    step.inputs.flatMap((input) => filesBelow(join(TOP, input), INPUT_ENDINGS)),
    TOOLCHAIN,
  );
}

function readRecord() {
  return existsSync(RECORD) ? JSON.parse(readFileSync(RECORD, 'utf8')) : {};
}

function isFresh(step, record) {
  return record[step.name] === digestOf(step) && step.outputs.every((output) => existsSync(join(DIST, output)));
}

/** Runs the steps that are stale, or all with `force`. Returns their names. */
export async function buildAll({ force = false, log = console.error } = {}) {
  mkdirSync(DIST, { recursive: true });
  const record = readRecord();
  const built = [];
  for (const step of STEPS) {
    if (!force && !step.always && isFresh(step, record)) continue;
    const startedMs = Date.now();
    // Before the run: what someone edits meanwhile is not in the result.
    const digest = digestOf(step);
    const made = await step.run();
    record[step.name] = digest;
    writeFileSync(RECORD, `${JSON.stringify(record, null, 2)}\n`);
    if (made?.length === 0) continue;
    log(`built ${step.name} in ${Date.now() - startedMs} ms`);
    built.push(step.name);
  }
  return built;
}

/** Failures that say all there is to say are shown without a stack; esbuild has shown its own already. */
function report(error) {
  if (error?.constructor?.name === 'BuildError') console.error(`error: ${error.message}`);
  else console.error(Array.isArray(error?.errors) ? 'error: the bundle was not built' : error);
  process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  buildAll({ force: process.argv.includes('--force') }).catch(report);
}
