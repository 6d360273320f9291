import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backOffMs, EndCounter } from '../../../../stages/stage0/watch/back-off.ts';

test('waits grow twofold from a second to five minutes', () => {
  assert.deepEqual([0, 1, 2, 3, 9, 10, 1000].map(backOffMs), [0, 1000, 2000, 4000, 256_000, 300_000, 300_000]);
});

test('a pod that ends is started at once, and later and later when it does so again; others are not', () => {
  const counter = new EndCounter();
  assert.deepEqual(
    [0, 10, 20].map((ms) => counter.note('a', ms)),
    [0, 1000, 2000],
  );
  assert.equal(counter.note('b', 30), 0);
});

test('a pod that has run long, or a change, has its ends forgotten', () => {
  const counter = new EndCounter();
  counter.note('a', 0);
  assert.equal(counter.note('a', 1), 1000);
  assert.equal(counter.note('a', 700_000), 0);
  counter.note('a', 700_001);
  counter.forget();
  assert.equal(counter.note('a', 700_002), 0);
});
