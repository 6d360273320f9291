import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { PodError } from '../../../../stages/stage0/error.ts';
import { findFiles } from '../../../../stages/stage0/environment/find-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'pod-find-'));
after(() => rmSync(folder, { recursive: true }));
for (const name of ['deploy', 'deploy.d', 'other']) mkdirSync(join(folder, name));
for (const name of [
  'deploy/b.pod.yaml',
  'deploy/a.pod.yaml',
  'deploy/.hidden.pod.yaml',
  'deploy/a.txt',
  'other/a.pod.yaml',
])
  writeFileSync(join(folder, name), '');

function find(pattern: string): string[] {
  return findFiles(pattern, folder).map((path) => path.slice(folder.length + 1));
}

test('a star is any part of a name, but neither a slash nor a first dot', () => {
  assert.deepEqual(find('deploy/*.pod.yaml'), ['deploy/a.pod.yaml', 'deploy/b.pod.yaml']);
  assert.deepEqual(find('*/a.pod.yaml'), ['deploy/a.pod.yaml', 'other/a.pod.yaml']);
  assert.deepEqual(find('deploy/.*.yaml'), ['deploy/.hidden.pod.yaml']);
});

test('other signs stand for themselves', () => {
  assert.deepEqual(find('deploy/?.txt'), ['deploy/a.txt']);
  assert.deepEqual(find(join(folder, 'deploy/a.txt')), ['deploy/a.txt']);
  assert.throws(() => find('deploy/a+.txt'), PodError);
});

test('a path that nothing is found by is an error, not an empty list', () => {
  assert.throws(
    () => find('nowhere/*.yaml'),
    (error) => error instanceof PodError && error.code === 'test/options',
  );
});
