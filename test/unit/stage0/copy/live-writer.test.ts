import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { test } from 'node:test';
import { copyFaults } from '../../../../stages/stage0/copy/faults.ts';
import { PodError } from '../../../../stages/stage0/error.ts';
import type { TarEntry } from '../../../../stages/stage0/image/tar/entry.ts';
import { imageFaults } from '../../../../stages/stage0/image/unpack/failure.ts';
import { LayerWriter } from '../../../../stages/stage0/image/unpack/layer-writer.ts';
import { MadeFiles } from '../../../../stages/stage0/image/unpack/made-files.ts';
import { ENTRY } from './entry.ts';
import { useScratch } from '../pod/scratch.ts';

const scratch = useScratch();
let directories = 0;

/** Writes entries into a directory others change: whatever `between` does after each entry of that path. */
function writeLive(
  entries: readonly TarEntry[],
  between: (root: string, path: string) => void = () => undefined,
  root = `${scratch}/${directories++}`,
): string {
  mkdirSync(root, { recursive: true });
  const fd = openSync(root, 'r');
  using writer = new LayerWriter(fd, copyFaults(root, 'archive'), { owner: 77, target: root });
  try {
    for (const entry of entries) {
      writer.begin(entry);
      writer.end();
      between(root, entry.path);
    }
    writer.finish();
  } finally {
    closeSync(fd);
  }
  return root;
}

const isRefused = (error: unknown): boolean => error instanceof PodError && error.code === 'host/refused';

test('the later of two entries of one name wins, in a directory too', () => {
  const file = { ...ENTRY, path: 'in/file', type: 'file' } as const;
  const root = writeLive([
    file,
    { ...file, mode: 0o600 },
    { ...file, path: 'in/same', type: 'hardlink', linkPath: 'in/file' },
  ]);
  assert.equal(statSync(`${root}/in/same`).mode & 0o777, 0o600);
});

test('what is made has the owners of its entries, and directories nothing is said of that of root there', () => {
  const root = writeLive([
    { ...ENTRY, path: 'said', type: 'directory' },
    { ...ENTRY, path: 'unsaid/file', type: 'file' },
    { ...ENTRY, path: 'said/link', type: 'symlink', linkPath: '/nowhere' },
  ]);
  const owner = (path: string): number => lstatSync(`${root}/${path}`).uid;
  assert.deepEqual(['said', 'said/link', 'unsaid', 'unsaid/file'].map(owner), [1234, 1234, 77, 1234]);
  assert.equal(lstatSync(`${root}/said/link`).mtimeMs, 1000);
  assert.equal(statSync(`${root}/unsaid`).mode & 0o777, 0o755);
});

test('a directory that was there keeps its owner and mode', () => {
  const root = writeLive(
    [
      { ...ENTRY, path: 'first', type: 'symlink', linkPath: 'x' },
      { ...ENTRY, path: 'there', type: 'directory' },
    ],
    (directory, path) => {
      if (path === 'first') mkdirSync(`${directory}/there`, { mode: 0o700 });
    },
  );
  const { uid, mode } = statSync(`${root}/there`);
  assert.deepEqual([uid, mode & 0o777], [process.geteuid!(), 0o700]);
});

test('a directory and what is none never take the place of each other, and what was there is as it was', () => {
  const make = (root: string): void => {
    mkdirSync(`${root}/empty`);
    mkdirSync(`${root}/full/x`, { recursive: true });
    writeFileSync(`${root}/file`, 'precious');
    symlinkSync('full', `${root}/link`);
    execFileSync('mkfifo', [`${root}/fifo`]);
  };
  const looks = (root: string): string[] =>
    readdirSync(root, { recursive: true, withFileTypes: true }).map(
      (one) => `${one.name} ${lstatSync(`${one.parentPath}/${one.name}`).mode}`,
    );
  const clashes: [string, TarEntry['type']][] = [
    ['file', 'directory'],
    ['link', 'directory'],
    ['fifo', 'directory'],
    ['fifo', 'file'],
    ['empty', 'file'],
    ['full', 'file'],
    ['empty', 'symlink'],
    ['file/below', 'file'],
    ['link/below', 'file'],
  ];
  for (const [path, type] of clashes) {
    const root = `${scratch}/${directories++}`;
    mkdirSync(root);
    make(root);
    const before = looks(root);
    assert.throws(
      () => writeLive([{ ...ENTRY, path, type, linkPath: 'x' }], undefined, root),
      isRefused,
      `${type} over ${path}`,
    );
    assert.deepEqual(looks(root), before);
  }
});

test('a file takes the place of a file and of a symlink, and of nothing the symlink leads to', () => {
  const root = `${scratch}/${directories++}`;
  mkdirSync(root);
  writeFileSync(`${root}/file`, 'old');
  symlinkSync('kept', `${root}/link`);
  writeFileSync(`${root}/kept`, 'kept');
  writeLive(
    ['file', 'link'].map((path) => ({ ...ENTRY, path, type: 'file' })),
    undefined,
    root,
  );
  assert.deepEqual(
    ['file', 'link', 'kept'].map((name) => readFileSync(`${root}/${name}`, 'utf8')),
    ['', '', 'kept'],
  );
  assert.equal(lstatSync(`${root}/link`).isSymbolicLink(), false);
});

test('what is replaced below a directory is made in that directory, in use or of a layer', () => {
  const again = (live: boolean): string => {
    const root = `${scratch}/${directories++}`;
    mkdirSync(root);
    const fd = openSync(root, 'r');
    using writer = live
      ? new LayerWriter(fd, copyFaults(root, 'tree'), { owner: 0, target: root })
      : new LayerWriter(fd, imageFaults('x'));
    for (const mtimeSec of [1, 2])
      for (const entry of [
        { path: 'd', type: 'directory' },
        { path: 'd/file', type: 'file' },
        { path: 'd/link', type: 'symlink', linkPath: 'file' },
        { path: 'd/same', type: 'hardlink', linkPath: 'd/file' },
      ] as const) {
        writer.begin({ ...ENTRY, ...entry, mtimeSec });
        writer.end();
      }
    writer.finish();
    closeSync(fd);
    return root;
  };
  for (const root of [again(true), again(false)]) {
    const times = ['file', 'link', 'same'].map((name) => lstatSync(`${root}/d/${name}`).mtimeMs);
    assert.deepEqual(times, [2000, 2000, 2000]);
    assert.equal(statSync(`${root}/d/same`).ino, statSync(`${root}/d/file`).ino);
  }
});

test('a directory put in the place of one that was made gets neither owner nor mode nor files', () => {
  for (const child of [[], [{ ...ENTRY, path: 'made/file', type: 'file' }]] as const) {
    let seen = '';
    const swap = (root: string, path: string): void => {
      if (path !== 'made') return;
      seen = root;
      mkdirSync(`${root}/others`, { mode: 0o700 });
      renameSync(`${root}/made`, `${root}/away`);
      renameSync(`${root}/others`, `${root}/made`);
    };
    // A name that is removed in between makes the writer look for its directories anew.
    const forget: TarEntry[] = [
      { ...ENTRY, path: 'name', type: 'symlink', linkPath: 'a' },
      { ...ENTRY, path: 'name', type: 'symlink', linkPath: 'b' },
    ];
    const entries: TarEntry[] = [{ ...ENTRY, path: 'made', type: 'directory' }, ...forget, ...child];
    assert.throws(() => writeLive(entries, swap), isRefused);
    assert.equal(statSync(`${seen}/made`).uid, process.geteuid!());
    assert.equal(existsSync(`${seen}/made/file`), false);
  }
});

test('what is adopted is as new as what was made: no other owner, nothing in it, open to nobody', () => {
  const root = `${scratch}/adopt`;
  mkdirSync(root);
  const fd = openSync(root, 'r');
  const made = new MadeFiles({ owner: 0, target: 'x' });
  mkdirSync(`${root}/open`, { mode: 0o755 });
  mkdirSync(`${root}/full/x`, { recursive: true, mode: 0o700 });
  symlinkSync('/elsewhere', `${root}/link`);
  for (const name of ['open', 'full', 'link', 'none'])
    assert.throws(() => made.adoptDirectory(fd, name, name), isRefused);
  assert.throws(() => made.openSymlink(fd, 'link', 'link', '/here'), isRefused);
  assert.throws(() => made.openSymlink(fd, 'open', 'open', ''), isRefused);
  mkdirSync(`${root}/new`, { mode: 0o700 });
  const adopted = made.adoptDirectory(fd, 'new', 'new');
  made.check(adopted, 'new');
  closeSync(adopted);
  rmdirSync(`${root}/new`);
  mkdirSync(`${root}/new`, { mode: 0o700 });
  // Perhaps with the number of the one before.
  const again = openSync(`${root}/new`, 'r');
  assert.throws(() => made.check(again, 'new'), isRefused);
  closeSync(fd);
});

test('what is wrong with an archive that somebody sends is told of it, and not of an image', () => {
  const entries: Partial<TarEntry>[] = [
    { path: '/absolute' },
    { path: '../up' },
    { path: 'link', type: 'symlink' },
    { path: 'same', type: 'hardlink', linkPath: 'gone' },
  ];
  for (const entry of entries)
    assert.throws(
      () => writeLive([{ ...ENTRY, path: 'x', type: 'file', ...entry }]),
      (error) => error instanceof PodError && error.code === 'copy/archive',
      entry.path,
    );
});

test('pieces of a file with holes lie where they belong', () => {
  const root = `${scratch}/sparse`;
  mkdirSync(root);
  const fd = openSync(root, 'r');
  using writer = new LayerWriter(fd, copyFaults('x', 'tree'), { owner: 0, target: 'x' });
  const extents = [
    { offset: 512, length: 2 },
    { offset: 2048, length: 3 },
  ];
  writer.begin({ ...ENTRY, path: 'f', type: 'file', size: 4096, extents });
  writer.data(Buffer.from('abc'));
  writer.data(Buffer.from('de'));
  writer.end();
  const expected = Buffer.alloc(4096);
  expected.write('ab', 512);
  expected.write('cde', 2048);
  assert.deepEqual(readFileSync(`${root}/f`), expected);
  closeSync(fd);
});
