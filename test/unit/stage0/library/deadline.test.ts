import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unlessAborted } from '../../../../stages/stage0/library/deadline.ts';

test('a signal may be that of many calls, and none of them listens to it any more when it has ended', async () => {
  const warnings: Error[] = [];
  const listen = (warning: Error): void => void warnings.push(warning);
  process.on('warning', listen);
  const caller = new AbortController();
  const calls = Array.from({ length: 20 }, () => unlessAborted(new Promise(() => undefined), caller.signal));
  assert.equal(await unlessAborted(Promise.resolve('done'), caller.signal), 'done');
  await new Promise(setImmediate);
  caller.abort(new Error('enough'));
  for (const call of calls) await assert.rejects(call, /enough/);
  process.off('warning', listen);
  assert.deepEqual(warnings, []);
});
