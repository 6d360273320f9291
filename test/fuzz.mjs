#!/usr/bin/env node
// `npm run fuzz [-- COUNT [SEED]]`: feeds COUNT mutated tapes (10 million unless told) to stage1's verifier and machine, and a
// tenth as many events and messages to init. A run that finds something ends with a report; the seed printed first repeats it.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildFuzzer, FUZZERS, tapesFor, writeCorpus } from './fuzz/build.mjs';

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
