import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import type { TarEntry } from '../../../../../stages/stage0/image/tar/entry.ts';
import { TarReader } from '../../../../../stages/stage0/image/tar/reader.ts';
import { TarWriter } from '../../../../../stages/stage0/image/tar/writer.ts';

const PLAIN: TarEntry = {
  path: 'plain',
  linkPath: '',
  type: 'fifo',
  size: 0,
  mode: 0o4755,
  uid: 0,
  gid: 0,
  mtimeSec: 1,
  mtimeNs: 0,
  devMajor: 0,
  devMinor: 0,
  xattrs: [],
};

function writeAndRead(entries: readonly TarEntry[]): TarEntry[] {
  const blocks: Uint8Array[] = [];
  const writer = new TarWriter((bytes) => blocks.push(Buffer.from(bytes)));
  for (const entry of entries) {
    writer.begin(entry);
    writer.end();
  }
  writer.finish();
  const read: TarEntry[] = [];
  const sink = { begin: (entry: TarEntry) => void read.push(entry), data: () => undefined, end: () => undefined };
  const reader = new TarReader('test', sink, { maxEntries: 100, maxMetaBytes: 1 << 20 });
  reader.write(Buffer.concat(blocks));
  reader.finish();
  return read;
}

test('what is written is read again: names, links, large owners, times before the epoch, attributes', () => {
  const lengths = [1, 99, 100, 101, 500, 981, 982, 983, 984, 985, 986, 987, 988, 989, 990, 3000];
  const entries: TarEntry[] = [
    ...lengths.map((length) => ({ ...PLAIN, path: 'é\n'.repeat(length).slice(0, length) })),
    { ...PLAIN, type: 'symlink', linkPath: 'l'.repeat(300) },
    { ...PLAIN, uid: 0o10000000, gid: 0xffff_fff0 },
    { ...PLAIN, mtimeSec: -2, mtimeNs: 750_000_000 },
    { ...PLAIN, mtimeSec: -1, mtimeNs: 500_000_000 },
    { ...PLAIN, mtimeSec: 2 ** 34, mtimeNs: 1 },
    { ...PLAIN, xattrs: [['user.bytes', Buffer.from([0, 0x0a, 0x80, 0xff])]] },
    { ...PLAIN, type: 'char', devMajor: 1, devMinor: 3 },
  ];
  assert.deepEqual(writeAndRead(entries), entries);
});

test('a body of another length than the header says is a bug, and shown', () => {
  const writer = new TarWriter(() => undefined);
  writer.begin({ ...PLAIN, type: 'file', size: 2 });
  assert.throws(() => writer.data(Buffer.alloc(3)));
});

test('a file with holes is its pieces; GNU tar makes the same file of it', () => {
  const blocks: Uint8Array[] = [];
  const writer = new TarWriter((bytes) => blocks.push(Buffer.from(bytes)));
  const extents = [
    { offset: 4096, length: 512 },
    { offset: 2 ** 40, length: 600 },
  ];
  const size = 8 * 2 ** 40;
  for (const path of ['holes', `d/${'n'.repeat(120)}`, 'empty']) {
    writer.begin({ ...PLAIN, path, type: 'file', size, extents: path === 'empty' ? [] : extents });
    if (path !== 'empty') writer.data(Buffer.from('a'.repeat(512) + 'b'.repeat(600)));
    writer.end();
  }
  writer.finish();
  const archive = Buffer.concat(blocks);
  assert.ok(archive.length < 20_000);
  const directory = mkdtempSync(`${tmpdir()}/pod-sparse-`);
  try {
    execFileSync('tar', ['-C', directory, '-xf', '-'], { input: archive });
    for (const path of ['holes', `d/${'n'.repeat(120)}`, 'empty'])
      assert.equal(statSync(`${directory}/${path}`).size, size);
    const fd = openSync(`${directory}/holes`, 'r');
    const read = Buffer.alloc(1112);
    readSync(fd, read, 0, 512, 4096);
    readSync(fd, read, 512, 600, 2 ** 40);
    closeSync(fd);
    assert.equal(read.toString(), 'a'.repeat(512) + 'b'.repeat(600));
  } finally {
    rmSync(directory, { recursive: true });
  }
});
