import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findHeld } from '../../../../stages/stage0/pod/held.ts';
import { claimName } from '../../../../stages/stage0/pod/names.ts';
import type { PodLookup } from '../../../../stages/stage0/pod/pod-dir.ts';
import { PodStore } from '../../../../stages/stage0/pod/store.ts';
import { useScratch } from './scratch.ts';

const scratch = useScratch();

function newStore(): PodStore {
  return new PodStore(mkdtempSync(join(scratch, 'root-')));
}

/** A pod that is somewhere else as soon as it was found, as one that starts at that moment. */
function movingOnce(store: PodStore, move: () => void): PodLookup {
  let isToMove = true;
  return {
    root: store.root,
    list: (states) => store.list(states),
    locate(uuid) {
      const found = store.locate(uuid);
      if (isToMove) move();
      isToMove = false;
      return found;
    },
  };
}

test('a pod that moves between the look for it and the look at its lock is still held', () => {
  const store = newStore();
  const { uuid, lockFd } = store.create();
  const found = findHeld(
    movingOnce(store, () => store.move(uuid, 'prepare', 'run')),
    uuid,
  );
  assert.deepEqual([found?.pod.state, found?.isHeld], ['run', true]);
  closeSync(lockFd);
  assert.equal(findHeld(store, uuid)?.isHeld, false);
  const gone = movingOnce(store, () => rmSync(store.locate(uuid)!.path, { recursive: true }));
  assert.equal(findHeld(gone, uuid), undefined);
});

test('a pod keeps its name while it starts', () => {
  const store = newStore();
  const { uuid, lockFd } = store.create();
  claimName(store, 'web', uuid);
  const other = store.create();
  const moving = movingOnce(store, () => store.move(uuid, 'prepare', 'run'));
  assert.throws(() => claimName(moving, 'web', other.uuid), { code: 'pod/name-taken' });
  for (const fd of [lockFd, other.lockFd]) closeSync(fd);
});
