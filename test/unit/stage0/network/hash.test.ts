import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hash64 } from '../../../../stages/stage0/network/hash.ts';

test('a hash is the same on every host, and of 64 bits', () => {
  assert.equal(hash64(''), 0xefd01f60ba992926n);
  assert.equal(hash64('/var/lib/pod'), 0x70410c909cad1000n);
});

test('neighbours are far apart in every part of the hash', () => {
  const roots = Array.from({ length: 1000 }, (_, i) => hash64(`/r${i}`));
  for (const shift of [0n, 20n, 40n]) assert.ok(new Set(roots.map((hash) => (hash >> shift) & 0xffffffn)).size > 990);
});
