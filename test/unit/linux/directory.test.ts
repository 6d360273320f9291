import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeDirectories } from '../../../stages/linux/directory.ts';

test('directories are made with those above them, and one that is there is no failure', () => {
  const top = mkdtempSync(join(tmpdir(), 'pod-directories-'));
  try {
    assert.equal(makeDirectories(`${top}/a/b/c`, 0o700), true);
    assert.equal(statSync(`${top}/a/b`).mode & 0o777, 0o700);
    assert.equal(makeDirectories(`${top}/a/b/c`, 0o700), false);
  } finally {
    rmSync(top, { recursive: true });
  }
});

test('a place where the kernel makes none is a failure, and no endless attempt', () => {
  assert.throws(() => makeDirectories('/proc/nowhere/at/all', 0o700), { code: 'ENOENT' });
});
