import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryAfterMs } from '../../../../../stages/stage0/image/registry/busy.ts';

test('a server says in seconds, or as a date, when to come again', () => {
  const after = (text?: string): number | undefined =>
    retryAfterMs({ headers: text === undefined ? {} : { 'retry-after': text } }, Date.UTC(2026, 10, 28, 7));
  assert.equal(after('120'), 120_000);
  assert.equal(after('0'), 0);
  assert.equal(after('Sat, 28 Nov 2026 07:01:00 GMT'), 60_000);
  assert.equal(after('Sat, 28 Nov 2026 06:00:00 GMT'), 0);
  assert.deepEqual([after(), after(''), after('soon')], [undefined, undefined, undefined]);
});
