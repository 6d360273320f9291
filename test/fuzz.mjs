#!/usr/bin/env node
// `npm run fuzz [-- COUNT [SEED]]`: feeds COUNT mutated tapes (10 million unless told) to stage1's verifier and machine, and a
// tenth as many events and messages to init, and a hundredth as many manifests to all that decides. A run that finds something ends with a report; the seed printed first repeats it.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildFuzzer, buildManifestFuzzer, FUZZERS, tapesFor, writeCorpus } from './fuzz/build.mjs';

const top = fileURLToPath(new URL('..', import.meta.url));
const outDir = join(top, 'dist/fuzz');
const count = Number(process.argv[2] ?? 10_000_000);
const seed = process.argv[3] ?? String(Date.now());

await writeCorpus(top, outDir);
for (const name of FUZZERS) {
  console.log(`${name}: seed ${seed}`);
  const share = name === 'init-fuzz' ? Math.ceil(count / 10) : count;
  execFileSync(buildFuzzer(top, outDir, name), [seed, String(share), ...tapesFor(outDir, name)], { stdio: 'inherit' });
}

/** Side by side: each has seeds of its own. */
async function fuzzManifests() {
  const program = await buildManifestFuzzer(top, outDir);
  const workers = availableParallelism();
  const share = String(Math.ceil(count / 100 / workers));
  const runs = Array.from({ length: workers }, (_, i) => {
    const ownSeed = String((Number(seed) % 2 ** 31) + i);
    console.log(`manifest-fuzz: seed ${ownSeed}`);
    const args = ['--enable-source-maps', program, ownSeed, share, join(top, 'manifests')];
    return once(spawn(process.execPath, args, { stdio: 'inherit' }), 'exit');
  });
  for (const [code] of await Promise.all(runs)) if (code !== 0) process.exitCode = 1;
}

await fuzzManifests();
