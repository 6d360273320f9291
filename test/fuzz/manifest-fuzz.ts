// manifest-fuzz SEED COUNT EXAMPLES: see manifests.ts. Prints what it found, or ends with an error that says how to see it again.

import { fuzzManifests } from './manifests.ts';

const [seed, count, examples] = process.argv.slice(2);
if (examples === undefined) throw new Error('usage: manifest-fuzz SEED COUNT EXAMPLES');
const { inputs, valid, planned, slowestMs } = fuzzManifests(Number(seed), Number(count), examples);
console.log(
  `${inputs} manifests of seed ${seed}: ${valid} valid, ${planned} planned, the slowest in ${Math.ceil(slowestMs)} ms`,
);
