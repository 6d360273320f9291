import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzConversions } from '../../../fuzz/conversions.ts';
import { MANIFESTS } from '../../../harness/paths.ts';

const INPUTS = 600;
/** `npm run fuzz` has another each time. */
const SEED = 20_261_128;

test(`${INPUTS} conversions: a valid manifest or located errors, and soon`, async () => {
  const { converted, generated } = await fuzzConversions(SEED, INPUTS, MANIFESTS);
  // Neither all nor none: the rest would say nothing.
  assert.ok(converted > INPUTS / 20 && converted < INPUTS * 0.5, `${converted} are converted`);
  assert.ok(generated > INPUTS / 20, `${generated} are generated`);
});
