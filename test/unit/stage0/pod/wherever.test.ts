import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PodStore } from '../../../../stages/stage0/pod/store.ts';
import { wherever } from '../../../../stages/stage0/pod/wherever.ts';
import { useScratch } from './scratch.ts';

const scratch = useScratch();

function podWithFile(): { store: PodStore; uuid: string } {
  const store = new PodStore(mkdtempSync(join(scratch, 'root-')));
  const { uuid, path, lockFd } = store.create();
  closeSync(lockFd);
  writeFileSync(`${path}/file`, 'there');
  store.move(uuid, 'prepare', 'run');
  return { store, uuid };
}

test('what is read of a pod is found where it has moved to meanwhile', () => {
  const { store, uuid } = podWithFile();
  const seen: string[] = [];
  const text = wherever(store, uuid, (path) => {
    seen.push(path!.split('/').at(-2)!);
    if (seen.length === 1) store.move(uuid, 'run', 'exited');
    return readFileSync(`${path}/file`, 'utf8');
  });
  assert.deepEqual([text, seen], ['there', ['run', 'exited']]);
});

test('what the pod never had is missing, and a pod that was removed has no path', () => {
  const { store, uuid } = podWithFile();
  assert.throws(() => wherever(store, uuid, (path) => readFileSync(`${path}/other`)), /ENOENT/);
  const paths: (string | undefined)[] = [];
  const gone = wherever(store, uuid, (path) => {
    paths.push(path);
    if (path === undefined) return 'gone';
    rmSync(path, { recursive: true });
    return readFileSync(`${path}/file`, 'utf8');
  });
  assert.deepEqual([gone, paths.length], ['gone', 2]);
});
