import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeRecord } from '../../../../stages/stage0/pod/record.ts';
import { PodStore } from '../../../../stages/stage0/pod/store.ts';
import { readBootId } from '../../../../stages/stage0/pod/uuid.ts';
import { judgeHealth } from '../../../../stages/stage0/sets/health.ts';
import { useScratch } from '../pod/scratch.ts';

const scratch = useScratch();

test('a pod that ends while it is judged is judged by its end', () => {
  const store = new PodStore(mkdtempSync(join(scratch, 'root-')));
  const { uuid, path, lockFd } = store.create();
  const about = { uuid, name: 'web', createdAt: '2026-01-01T00:00:00.000Z', bootId: readBootId(), hostname: 'web' };
  const rest = { manifest: { path: 'x' }, labels: {}, annotations: {}, uidBase: null };
  const apps = [{ name: 'a', image: { ref: 'host', digest: '' }, restart: 'never' as const }];
  writeRecord(path, { ...about, ...rest, network: { mode: 'none', ips: [] }, apps });
  writeFileSync(join(path, 'final'), '{}'.padEnd(512));
  const now = Date.now();
  const started = `{"t":${now},"e":"pod-started"}\n{"t":${now},"e":"app-started","app":"a","pid":7,"ready":1}\n`;
  writeFileSync(join(path, 'events'), started);
  const running = store.move(uuid, 'prepare', 'run');
  assert.equal(judgeHealth(store, uuid, undefined).state, 'pending');

  // Its status is read; then it exits with 1 and moves, and the rest is read where it was.
  let looks = 0;
  const locate = store.locate.bind(store);
  store.locate = (id) => {
    const found = locate(id);
    if (++looks !== 2) return found;
    const ended = `{"t":${now + 1},"e":"app-exited","app":"a","code":1,"signal":0,"oom":0}\n`;
    writeFileSync(join(running, 'events'), started + ended);
    writeFileSync(join(running, 'final'), `{"t":${now + 1},"code":1,"signal":0}`.padEnd(512));
    store.move(uuid, 'run', 'exited');
    closeSync(lockFd);
    return found;
  };
  assert.deepEqual(judgeHealth(store, uuid, undefined), { state: 'unhealthy', why: 'it exited with 1' });
});
