// manifest-fuzz SEED COUNT EXAMPLES: see manifests.ts, and conversions.ts for half as many. Prints what it found, or ends with an
// error that says how to see it again.

import { fuzzConversions } from './conversions.ts';
import { fuzzManifests } from './manifests.ts';

async function main([seed, count, examples]: readonly string[]): Promise<void> {
  if (examples === undefined) throw new Error('usage: manifest-fuzz SEED COUNT EXAMPLES');
  const { inputs, valid, planned, slowestMs } = fuzzManifests(Number(seed), Number(count), examples);
  console.log(
    `${inputs} manifests of seed ${seed}: ${valid} valid, ${planned} planned, the slowest in ${Math.ceil(slowestMs)} ms`,
  );
  const found = await fuzzConversions(Number(seed), Math.ceil(Number(count) / 2), examples);
  console.log(`${found.inputs} conversions: ${found.converted} to pod/v1, ${found.generated} to Kubernetes`);
}

// A rejection ends Node with the error and the code 1.
void main(process.argv.slice(2));
