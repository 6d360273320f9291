import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskedOf, thermalPath } from '../../../../stages/stage0/rootfs/kernel-paths.ts';

test('what is hidden is what there is, with the thermal counters of every processor', () => {
  const existing = new Set(['/proc/kcore', '/proc/sys', '/sys/firmware', thermalPath('cpu0'), thermalPath('cpu12')]);
  assert.deepEqual(maskedOf(existing), [
    { path: '/proc/kcore', kind: 'file' },
    { path: '/sys/firmware', kind: 'directory' },
    { path: '/sys/devices/system/cpu/cpu0/thermal_throttle', kind: 'directory' },
    { path: '/sys/devices/system/cpu/cpu12/thermal_throttle', kind: 'directory' },
  ]);
});
