import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { FolderLook } from '../../../../stages/stage0/watch/folder-look.ts';
import { useScratch } from '../pod/scratch.ts';

const scratch = useScratch();
let count = 0;

function newFolder(): string {
  const dir = join(scratch, `look-${count++}`);
  mkdirSync(dir);
  writeFileSync(join(dir, 'a.pod.yaml'), 'one');
  return dir;
}

function lookAt(dir: string, named: readonly string[] = []): FolderLook {
  const look = new FolderLook(dir);
  look.take();
  look.name(named);
  return look;
}

test('an editor’s temporary files, and what is written as it was, are no change', () => {
  const dir = newFolder();
  const look = lookAt(dir);
  for (const name of ['.a.pod.yaml.swp', 'a.pod.yaml~', '4913', '#a.pod.yaml#', '.#a.pod.yaml'])
    writeFileSync(join(dir, name), 'x');
  writeFileSync(join(dir, 'a.pod.yaml.new'), 'one');
  renameSync(join(dir, 'a.pod.yaml.new'), join(dir, 'a.pod.yaml'));
  assert.equal(look.isOther(), false);
  writeFileSync(join(dir, 'a.pod.yaml'), 'two');
  assert.equal(look.isOther(), true);
});

test('files count that manifests name, and no others', () => {
  const dir = newFolder();
  mkdirSync(join(dir, 'data'));
  const named = ['app.conf', 'image', 'later'].map((name) => join(dir, name));
  const [conf, image, later] = named as [string, string, string];
  writeFileSync(conf, 'x');
  mkdirSync(image);
  const look = lookAt(dir, named);
  writeFileSync(join(dir, 'data/state.json'), '{}');
  writeFileSync(join(dir, 'README'), 'x');
  writeFileSync(conf, 'x');
  writeFileSync(join(image, 'file'), 'x');
  assert.equal(look.isOther(), false);
  for (const act of [
    () => writeFileSync(conf, 'y'),
    () => writeFileSync(later, ''),
    () => renameSync(image, `${image}-old`),
    () => rmSync(conf),
  ]) {
    act();
    assert.equal(look.isOther(), true);
    look.take();
    assert.equal(look.isOther(), false);
  }
});

test('a folder that cannot be read any more is another', () => {
  const dir = newFolder();
  const look = lookAt(dir);
  rmSync(dir, { recursive: true });
  assert.equal(look.isOther(), true);
});
