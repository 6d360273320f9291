import assert from 'node:assert/strict';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import { copyFaults } from '../../../../stages/stage0/copy/faults.ts';
import { PodError } from '../../../../stages/stage0/error.ts';
import type { TarEntry } from '../../../../stages/stage0/image/tar/entry.ts';
import { LayerWriter } from '../../../../stages/stage0/image/unpack/layer-writer.ts';
import { ENTRY } from './entry.ts';
import { useScratch } from '../pod/scratch.ts';

const scratch = useScratch();
let directories = 0;

const FILE: TarEntry = {
  ...ENTRY,
  path: 'd/file',
  type: 'file',
  size: 6,
  mode: 0o640,
  uid: process.geteuid!(),
  gid: process.getegid!(),
};

/** A directory in use with a file in it; `write` gets a writer below it. */
function writeBeside(write: (writer: LayerWriter, root: string) => void): string {
  const root = `${scratch}/${directories++}`;
  mkdirSync(`${root}/d`, { recursive: true });
  writeFileSync(`${root}/d/file`, 'before');
  const fd = openSync(root, 'r');
  try {
    using writer = new LayerWriter(fd, copyFaults(root, 'tree'), { owner: 0, target: root });
    write(writer, root);
  } finally {
    closeSync(fd);
  }
  return root;
}

test('a file that is not whole has no name, and what has it stays until then', () => {
  writeBeside((writer, root) => {
    for (const path of ['d/file', 'd/new']) {
      writer.begin({ ...FILE, path });
      writer.data(Buffer.from('aft'));
      assert.equal(readFileSync(`${root}/d/file`, 'utf8'), path === 'd/file' ? 'before' : 'after!');
      assert.deepEqual(readdirSync(`${root}/d`), ['file']);
      writer.data(Buffer.from('er!'));
      writer.end();
    }
    assert.deepEqual(readdirSync(`${root}/d`).toSorted(), ['file', 'new']);
    const { mode, mtimeMs } = statSync(`${root}/d/file`);
    assert.deepEqual([mode & 0o777, mtimeMs], [0o640, 1000]);
  });
});

test('of a file whose copy ends in the middle nothing is left, and of the one before all', () => {
  for (const path of ['d/file', 'd/new']) {
    const root = writeBeside((writer) => {
      writer.begin({ ...FILE, path });
      writer.data(Buffer.from('aft'));
    });
    assert.deepEqual(readdirSync(`${root}/d`), ['file']);
    assert.equal(readFileSync(`${root}/d/file`, 'utf8'), 'before');
  }
});

test('what takes the name while a file is written gives way to it if it is a file or a symlink, and to nothing else', () => {
  const taking = (take: (name: string) => void): string =>
    writeBeside((writer, root) => {
      writer.begin({ ...FILE, path: 'd/new' });
      take(`${root}/d/new`);
      writer.data(Buffer.from('after!'));
      writer.end();
    });
  for (const take of [
    (name: string): void => writeFileSync(name, 'x'),
    (name: string): void => symlinkSync('file', name),
  ]) {
    const root = taking(take);
    assert.deepEqual(
      [readFileSync(`${root}/d/file`, 'utf8'), readFileSync(`${root}/d/new`, 'utf8'), readdirSync(`${root}/d`).length],
      ['before', 'after!', 2],
    );
  }
  let place = '';
  assert.throws(
    () => taking((name) => mkdirSync((place = name))),
    (error) => error instanceof PodError && error.code === 'host/refused',
  );
  assert.deepEqual(readdirSync(`${place}/..`).toSorted(), ['file', 'new']);
  assert.ok(statSync(place).isDirectory());
});

test('a directory that was removed while it is copied to is told of as that', () => {
  writeBeside((writer, root) => {
    writer.begin(FILE);
    rmSync(`${root}/d`, { recursive: true });
    const isMissing = (error: unknown): boolean =>
      error instanceof PodError && error.code === 'host/refused' && error.message.includes('ENOENT');
    assert.throws(() => {
      writer.data(Buffer.from('after!'));
      writer.end();
    }, isMissing);
    assert.throws(() => writer.begin({ ...FILE, path: 'd/next' }), isMissing);
  });
});
