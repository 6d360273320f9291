import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Extent } from '../../../../stages/stage0/image/tar/entry.ts';
import { ContentDigest } from '../../../../stages/stage0/packing/content-digest.ts';

function digest(bytes: Buffer, extents: readonly Extent[], chunkBytes: number): string {
  const content = new ContentDigest(extents);
  const data = Buffer.concat(extents.map(({ offset, length }) => bytes.subarray(offset, offset + length)));
  for (let at = 0; at < data.length; at += chunkBytes) content.update(data.subarray(at, at + chunkBytes));
  return content.hex();
}

test('holes and zeros are the same, in pieces of any size', () => {
  const bytes = Buffer.alloc(10_000);
  bytes.fill('a', 0, 700);
  bytes.fill('b', 4096, 5000);
  bytes.fill('c', 9000);
  const whole = [{ offset: 0, length: bytes.length }];
  const sparse = [
    { offset: 0, length: 1024 },
    { offset: 4096, length: 1024 },
    { offset: 8704, length: bytes.length - 8704 },
  ];
  const expected = digest(bytes, whole, bytes.length);
  for (const chunkBytes of [1, 511, 512, 4096])
    assert.deepEqual([digest(bytes, whole, chunkBytes), digest(bytes, sparse, chunkBytes)], [expected, expected]);
});

test('bytes that changed or moved are another content', () => {
  const make = (text: string, at: number): string => {
    const bytes = Buffer.alloc(8192);
    bytes.write(text, at);
    return digest(bytes, [{ offset: 0, length: bytes.length }], 4096);
  };
  const digests = [make('a', 0), make('b', 0), make('a', 512), make('a', 513), make('', 0)];
  assert.equal(new Set(digests).size, digests.length);
});
