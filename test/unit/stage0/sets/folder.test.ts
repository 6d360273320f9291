import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { PodError } from '../../../../stages/stage0/error.ts';
import { readFolder } from '../../../../stages/stage0/sets/folder.ts';
import { useScratch } from '../pod/scratch.ts';

const scratch = useScratch();
let count = 0;

function newFolder(): string {
  const dir = join(scratch, `folder-${count++}`);
  mkdirSync(dir);
  return dir;
}

const namesIn = (dir: string): string[] => readFolder(dir, dir).map(({ file }) => file);

test('manifests are found by name, folders in order, each once whatever links lead to it', () => {
  const dir = newFolder();
  for (const below of ['b', 'a', '.git', 'c~']) {
    mkdirSync(join(dir, below));
    writeFileSync(join(dir, below, 'x.pod.yaml'), '');
  }
  symlinkSync('..', join(dir, 'a/up'));
  symlinkSync('b', join(dir, 'z'));
  writeFileSync(join(dir, '#y.pod.yaml'), '');
  writeFileSync(join(dir, 'other.yaml'), 'kind: Other\n');
  writeFileSync(join(dir, 'ours.yaml'), 'apiVersion: pod/v1\n');
  assert.deepEqual(namesIn(dir), ['#y.pod.yaml', 'a/x.pod.yaml', 'b/x.pod.yaml', 'c~/x.pod.yaml', 'ours.yaml']);
});

test('a link that leads nowhere is left out, unless its name is that of a manifest', () => {
  const dir = newFolder();
  writeFileSync(join(dir, 'a.pod.yaml'), 'text');
  for (const name of ['loop', 'loop.yaml', 'loop.pod.yaml']) symlinkSync(name, join(dir, name));
  symlinkSync('a.pod.yaml/below', join(dir, 'below.pod.yaml'));
  symlinkSync('x'.repeat(300), join(dir, 'long'));
  const wrong = readFolder(dir, dir).map((one) => [one.file, one.wrong?.code, one.wrong?.at]);
  const at = (file: string): object => ({ file: join(dir, file), line: 1, col: 1 });
  assert.deepEqual(wrong, [
    ['a.pod.yaml', undefined, undefined],
    ['below.pod.yaml', 'manifest/unreadable', at('below.pod.yaml')],
    ['loop.pod.yaml', 'manifest/unreadable', at('loop.pod.yaml')],
  ]);
});

test('a folder that loops is no folder', () => {
  const dir = join(newFolder(), 'self');
  symlinkSync('self', dir);
  assert.throws(
    () => readFolder(dir, dir),
    (error) => error instanceof PodError && error.code === 'set/folder',
  );
});
