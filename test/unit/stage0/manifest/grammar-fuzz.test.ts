import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzManifests } from '../../../fuzz/manifests.ts';
import { MANIFESTS } from '../../../harness/paths.ts';

const INPUTS = 2000;
/** `npm run fuzz` has another each time. */
const SEED = 20_261_126;

test(`${INPUTS} manifests of the schema, and mutated examples: a plan or located errors, and soon`, () => {
  const { valid, planned } = fuzzManifests(SEED, INPUTS, MANIFESTS);
  // Neither all nor none: the rest would say nothing.
  assert.ok(valid > INPUTS / 20 && valid < INPUTS * 0.9, `${valid} are valid`);
  assert.ok(planned > INPUTS / 100, `${planned} could be started`);
});
