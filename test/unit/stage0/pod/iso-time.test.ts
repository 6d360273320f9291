import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isoTime } from '../../../../stages/stage0/pod/iso-time.ts';

test('a time is written as ECMAScript writes it', () => {
  const times = [
    0, 1, 999, 951_782_400_000, 1_709_164_800_001, 1_735_689_599_999, 1_795_693_548_055, 253_402_300_799_999,
  ];
  for (const ms of times) assert.equal(isoTime(ms), new Date(ms).toISOString());
});
