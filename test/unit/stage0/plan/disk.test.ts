import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { test } from 'node:test';
import { findDisk, listDisks, splitDevice } from '../../../../stages/stage0/plan/disk.ts';

test('device numbers split as makedev(3) joins them', () => {
  assert.deepEqual(splitDevice(0x08_10), { major: 8, minor: 16 });
  assert.deepEqual(splitDevice(0x10_34_56_78), { major: 0x456, minor: 0x1_03_78 });
  assert.deepEqual(splitDevice(0x12_00_00_00_08_10 - 0x200_0000_0000), { major: 0x1008, minor: 16 });
});

test('a file system in memory has no disk', () => {
  assert.deepEqual(findDisk('/dev/shm'), { disks: [], queues: [] });
  assert.deepEqual(findDisk('/proc'), { disks: [], queues: [] });
});

test('a path that is not there is an error', () => {
  assert.throws(() => findDisk('/nowhere/at/all'), { code: 'ENOENT' });
});

test('every disk is its own, by its node', (context) => {
  const disks = listDisks('/sys/block');
  if (disks.length === 0) return context.skip('the machine has no disk');
  for (const { device, name } of disks) {
    const node = statSync(`/dev/${name}`, { throwIfNoEntry: false });
    if (node) assert.deepEqual(findDisk(`/dev/${name}`), { disks: [device], queues: [device] });
  }
});
