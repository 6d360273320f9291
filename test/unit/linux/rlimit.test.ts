import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseHardLimits, rlimitName } from '../../../stages/linux/rlimit.ts';

test('hard limits are read by number, unlimited as undefined', () => {
  const text = [
    'Limit                     Soft Limit           Hard Limit           Units     ',
    'Max cpu time              unlimited            unlimited            seconds   ',
    'Max file size             1                    18446744073709551614 bytes     ',
    'Max data size             unlimited            4096                 bytes     ',
    '',
  ].join('\n');
  assert.deepEqual(parseHardLimits(text), { 0: undefined, 1: 18_446_744_073_709_551_614n, 2: 4096n });
});

test("the kernel's own table has all sixteen", () => {
  const limits = parseHardLimits(readFileSync('/proc/self/limits', 'utf8'));
  assert.equal(Object.keys(limits).length, 16);
  assert.equal(rlimitName(7), 'RLIMIT_NOFILE');
});
