import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CAPABILITIES,
  capabilityMask,
  capabilityNames,
  capabilityNumber,
  hasCapability,
} from '../../../stages/linux/capabilities.ts';

test('names and numbers agree with the kernel header', () => {
  assert.equal(CAPABILITIES.length, 41);
  const samples = {
    CAP_CHOWN: 0,
    CAP_NET_BIND_SERVICE: 10,
    CAP_SYS_ADMIN: 21,
    CAP_SETFCAP: 31,
    CAP_CHECKPOINT_RESTORE: 40,
  };
  for (const [name, number] of Object.entries(samples)) {
    assert.equal(capabilityNumber(name), number);
    assert.deepEqual(capabilityNames(1n << BigInt(number)), [name]);
  }
});

test('a mask and its names convert both ways', () => {
  const mask = capabilityMask(['CAP_CHECKPOINT_RESTORE', 'CAP_CHOWN']);
  assert.equal(mask, (1n << 40n) | 1n);
  assert.deepEqual(capabilityNames(mask), ['CAP_CHOWN', 'CAP_CHECKPOINT_RESTORE']);
  assert.ok(hasCapability(mask, 'CAP_CHOWN'));
  assert.ok(!hasCapability(mask, 'CAP_KILL'));
});

test('an unknown name has no number', () => {
  assert.equal(capabilityNumber('CAP_CHOW'), undefined);
});
