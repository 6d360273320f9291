import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withUnits } from '../../../../stages/stage0/sets/units.ts';

test('times and sizes are shown with their units', () => {
  const form = {
    apps: [{ stop: { graceMs: 90_000 }, retry: { firstMs: 1500, capMs: 0 } }],
    volumes: [{ sizeBytes: 3 << 20 }],
  };
  assert.deepEqual(withUnits(form), {
    apps: [{ stop: { grace: '90s' }, retry: { first: '1500ms', cap: '0ms' } }],
    volumes: [{ size: '3Mi' }],
  });
});

test('what only looks like a unit stays as it is', () => {
  const form = { env: { waitMs: '10', Ms: '1' }, port: 80, none: null };
  assert.deepEqual(withUnits(form), form);
});
