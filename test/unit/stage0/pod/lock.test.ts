import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Liveness } from '../../../../stages/stage0/pod/alive.ts';
import { isLocked, isSameDir, lockDir, tryLockDir } from '../../../../stages/stage0/pod/lock.ts';
import { useScratch, UUID_A } from './scratch.ts';

const scratch = useScratch();

test('a lock is held by one descriptor at a time, and free when that is closed', () => {
  const dir = mkdtempSync(join(scratch, 'lock-'));
  const fd = tryLockDir(dir)!;
  assert.equal(tryLockDir(dir), undefined);
  assert.equal(isLocked(dir), true);
  closeSync(fd);
  assert.equal(isLocked(dir), false);
  closeSync(lockDir(dir));
});

test('asking does not take the lock', () => {
  const dir = mkdtempSync(join(scratch, 'lock-'));
  assert.equal(isLocked(dir), false);
  const fd = tryLockDir(dir);
  assert.ok(fd !== undefined);
  closeSync(fd);
});

test('a directory that is gone is not locked', () => {
  assert.equal(isLocked(join(scratch, 'absent')), false);
});

test('a directory that moved is not the one that was there', () => {
  const dir = mkdtempSync(join(scratch, 'lock-'));
  const fd = tryLockDir(dir)!;
  assert.equal(isSameDir(fd, dir), true);
  renameSync(dir, `${dir}-moved`);
  assert.equal(isSameDir(fd, dir), false);
  assert.equal(isSameDir(fd, `${dir}-moved`), true);
  closeSync(fd);
});

test('without a cgroup, the lock says whether a pod lives', () => {
  const path = mkdtempSync(join(scratch, 'lock-'));
  assert.equal(new Liveness().isAlive({ uuid: UUID_A, path }), false);
  const fd = tryLockDir(path)!;
  assert.equal(new Liveness().isAlive({ uuid: UUID_A, path }), true);
  closeSync(fd);
});
