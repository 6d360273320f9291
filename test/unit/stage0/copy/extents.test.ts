import assert from 'node:assert/strict';
import { closeSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import { test } from 'node:test';
import { readExtents } from '../../../../stages/stage0/copy/extents.ts';
import type { TarEntry } from '../../../../stages/stage0/image/tar/entry.ts';
import { useScratch } from '../pod/scratch.ts';

const scratch = useScratch();

function extentsOf(size: number, pieces: Readonly<Record<number, string>>): ReturnType<typeof readExtents> {
  const path = `${scratch}/file`;
  const fd = openSync(path, 'w+');
  try {
    ftruncateSync(fd, size);
    for (const [offset, text] of Object.entries(pieces)) writeSync(fd, text, Number(offset));
    return readExtents(fd, { path, size: statSync(path).size } as TarEntry);
  } finally {
    closeSync(fd);
  }
}

test('holes are found, of a file that is one as well', () => {
  assert.deepEqual(extentsOf(1 << 24, {}), []);
  const some = extentsOf(1 << 24, { 65_536: 'x', 8_388_608: 'y' })!;
  assert.deepEqual(
    some.map(({ offset }) => offset),
    [65_536, 8_388_608],
  );
  for (const { length } of some) assert.ok(length >= 512 && length <= 65_536 && length % 512 === 0);
});

test('a file without holes is read whole, and the last piece ends with its file', () => {
  assert.equal(extentsOf(5, { 0: 'abcde' }), undefined);
  assert.deepEqual(extentsOf(1 << 20, { [(1 << 20) - 3]: 'end' })!.at(-1)!.offset % 512, 0);
  const { offset, length } = extentsOf(1_000_001, { 1_000_000: 'e' })!.at(-1)!;
  assert.equal(offset + length, 1_000_001);
});
