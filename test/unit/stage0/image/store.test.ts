import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createStore, StoreLock, TempDir } from '../../../../stages/stage0/image/store.ts';

test('what the file system of the store refuses is told with the path, as an error of the state', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'pod-store-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const store = createStore(join(directory, 'images'));
  for (const path of [store.tmp, store.locks]) {
    rmSync(path, { recursive: true });
    writeFileSync(path, '');
  }
  assert.throws(() => TempDir.create(store), { code: 'state/io', message: /images\/tmp\/.*ENOTDIR/ });
  await assert.rejects(StoreLock.acquire(store, 'one'), { code: 'state/io', message: /images\/locks\/one.*ENOTDIR/ });
});
