import assert from 'node:assert/strict';
import { closeSync, mkdirSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { hasLetGo, outlast } from '../../../../stages/stage0/launch/outlast.ts';
import { lockDir } from '../../../../stages/stage0/pod/lock.ts';
import { PodStore } from '../../../../stages/stage0/pod/store.ts';
import { useScratch, UUID_A } from '../pod/scratch.ts';

const scratch = useScratch();
/** Longer than a look at it. */
const WHILE_MS = 50;

function newPod(state: 'run' | 'exited' | 'prepared'): { readonly root: string; readonly path: string } {
  const root = mkdtempSync(join(scratch, 'outlast-'));
  const path = join(root, 'pods', state, UUID_A);
  for (const each of ['run', 'exited', 'prepared']) mkdirSync(join(root, 'pods', each), { recursive: true });
  mkdirSync(path);
  return { root, path };
}

function outlastIt(root: string, signal?: AbortSignal): Promise<boolean> {
  const store = new PodStore(root);
  return outlast(store, UUID_A, () => hasLetGo(store, UUID_A), signal);
}

test('a pod has let go when its lock is free, also if it is in "exited" before', async () => {
  const { root, path } = newPod('run');
  const lock = lockDir(path);
  writeFileSync(join(path, 'final'), JSON.stringify({ t: 1, code: 0, signal: 0 }));
  let isOver = false;
  const over = outlastIt(root).then((result) => ((isOver = true), result));
  await delay(WHILE_MS);
  assert.equal(isOver, false);
  renameSync(path, join(root, 'pods/exited', UUID_A));
  await delay(WHILE_MS);
  assert.equal(isOver, false);
  closeSync(lock);
  assert.equal(await over, true);
  assert.equal(await outlastIt(root), true);
});

test('a pod that is alive or prepared is not waited for, and a pod that is gone holds nothing', async () => {
  for (const state of ['run', 'prepared'] as const) {
    const { root, path } = newPod(state);
    const lock = lockDir(path);
    assert.equal(await outlastIt(root), false);
    closeSync(lock);
  }
  assert.equal(await outlastIt(mkdtempSync(join(scratch, 'empty-'))), true);
});

test('who is stopped does not wait', async () => {
  const { root, path } = newPod('exited');
  const lock = lockDir(path);
  await assert.rejects(outlastIt(root, AbortSignal.timeout(WHILE_MS)), { name: 'TimeoutError' });
  closeSync(lock);
});
