#!/usr/bin/env node
// `npm run fuzz [-- COUNT [SEED]]`: feeds COUNT mutated tapes (10 million unless told) to stage1's verifier and machine. A run
// that finds something ends with the sanitizer's report; the seed it prints first repeats it.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildFuzzer, writeCorpus } from './fuzz/build.mjs';

const top = fileURLToPath(new URL('..', import.meta.url));
const outDir = join(top, 'dist/fuzz');
const count = process.argv[2] ?? '10000000';
const seed = process.argv[3] ?? String(Date.now());

const tapes = await writeCorpus(top, outDir);
for (const name of ['tape-fuzz']) {
  console.log(`${name}: seed ${seed}`);
  execFileSync(buildFuzzer(top, outDir, name), [seed, count, ...tapes], { stdio: 'inherit' });
}
