import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERRNO } from '../../../../stages/linux/errno.ts';
import type { PodError } from '../../../../stages/stage0/error.ts';
import { refusal } from '../../../../stages/stage0/launch/init-refusal.ts';
import { untilRoom } from '../../../../stages/stage0/launch/room.ts';

const full = (): PodError => refusal('execute in app "main"', ERRNO.EUSERS);

test('a request waits until init has room', async () => {
  let tries = 0;
  const request = async (): Promise<string> => {
    if (++tries < 4) throw full();
    return Promise.resolve('done');
  };
  assert.equal(await untilRoom(request), 'done');
  assert.equal(tries, 4);
});

test('a request that finds no room in time is refused as what it is', async (t) => {
  let nowMs = 0;
  t.mock.method(performance, 'now', () => nowMs);
  t.mock.method(globalThis, 'setTimeout', (resolve: () => void, ms: number) => {
    nowMs += ms;
    setImmediate(resolve);
  });
  let tries = 0;
  const request = (): Promise<never> => Promise.reject(((tries += 1), full()));
  await assert.rejects(untilRoom(request, { limitMs: 100 }), {
    code: 'pod/state',
    message: 'execute in app "main": too many commands and clients are in the pod at once',
  });
  // At 0, 5, 15, 35 and 75 ms; the next would be after the limit.
  assert.deepEqual([tries, nowMs], [5, 75]);
});

test('a request that is refused for another reason is not repeated', async () => {
  let tries = 0;
  const request = (): Promise<never> => Promise.reject(((tries += 1), refusal('attach to the first app', ERRNO.ESRCH)));
  await assert.rejects(untilRoom(request), { code: 'pod/state' });
  assert.equal(tries, 1);
});

test('a caller who gives up does not wait for room', async () => {
  const reason = new Error('enough');
  const caller = new AbortController();
  const request = (): Promise<never> => Promise.reject((caller.abort(reason), full()));
  await assert.rejects(untilRoom(request, { signal: caller.signal }), reason);
});
