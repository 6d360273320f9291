import assert from 'node:assert/strict';
import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { PodError } from '../../../stages/stage0/error.ts';
import { archive, entryBlocks, type FixtureEntry, headerBlock } from '../../unit/stage0/image/tar-fixture.ts';
import { snapshot, Workspace } from './workspace.ts';

/** The archive is refused with the code, and neither the canary nor the store has anything of it. */
function refuses(name: string, code: string, make: (canary: string) => readonly FixtureEntry[] | Buffer): void {
  test(name, async () => {
    using work = new Workspace();
    const before = snapshot(work.canary);
    const made = make(work.canary);
    const bytes = Buffer.isBuffer(made) ? made : archive(...made);
    await assert.rejects(
      work.unpack(bytes),
      (error) => error instanceof PodError && error.code === code && error.message.includes('archive.tar'),
    );
    assert.equal(snapshot(work.canary), before);
    assert.deepEqual(work.leftovers(), []);
  });
}

/** The archive is unpacked, and whatever it meant to reach outside was not reached. */
function confines(
  name: string,
  make: (canary: string) => readonly FixtureEntry[],
  check: (layer: string, canary: string) => void,
): void {
  test(name, async () => {
    using work = new Workspace();
    const before = snapshot(work.canary);
    const layer = await work.unpack(archive(...make(work.canary)));
    assert.equal(snapshot(work.canary), before);
    check(layer, work.canary);
  });
}

const directory = (path: string): FixtureEntry => ({ path, type: '5', mode: 0o755 });
const symlink = (path: string, linkPath: string): FixtureEntry => ({ path, type: '2', linkPath });
const hardlink = (path: string, linkPath: string): FixtureEntry => ({ path, type: '1', linkPath });

refuses('an absolute name is refused', 'image/hostile', (canary) => [{ path: `${canary}/file`, content: 'x' }]);
refuses('a name of many slashes is refused', 'image/hostile', (canary) => [
  { path: `///${canary}/file`, content: 'x' },
]);
refuses('a name that climbs is refused', 'image/hostile', () => [{ path: '../../../canary/file', content: 'x' }]);
refuses('a name that climbs in its middle is refused', 'image/hostile', () => [
  { path: 'a/../../../../canary/file', content: 'x' },
]);
refuses('an absolute name in an extended header is refused', 'image/hostile', (canary) => [
  { path: 'a', pax: { path: `${canary}/file` }, content: 'x' },
]);
refuses('a hard link to an absolute name is refused', 'image/hostile', (canary) => [hardlink('x', `${canary}/file`)]);
refuses('a hard link that climbs is refused', 'image/hostile', () => [hardlink('x', '../../../canary/file')]);
refuses('a hard link to what the layer does not have is refused', 'image/corrupt', () => [hardlink('x', 'nowhere')]);
refuses('a hard link to a directory is refused', 'image/hostile', () => [directory('d'), hardlink('x', 'd')]);
refuses('a hard link to the root is refused', 'image/hostile', () => [hardlink('x', './')]);

refuses('a hard link through a symlink that leads outside finds nothing there', 'image/corrupt', (canary) => [
  directory(`${canary.slice(1)}`),
  symlink('d', canary),
  hardlink('x', 'd/file'),
]);

confines(
  'a file over a hard link replaces the link, not what it was linked to',
  () => [{ path: 'a', content: 'kept' }, hardlink('x', 'a'), { path: 'x', content: 'new' }],
  (layer) =>
    assert.deepEqual(
      ['a', 'x'].map((name) => readFileSync(join(layer, name), 'utf8')),
      ['kept', 'new'],
    ),
);

confines(
  'a hard link to a symlink that leads outside is a link to the symlink, and a file over it replaces it',
  (canary) => [symlink('s', `${canary}/file`), hardlink('x', 's'), { path: 'x', content: 'new' }],
  (layer, canary) => {
    assert.equal(readlinkSync(join(layer, 's')), `${canary}/file`);
    assert.ok(lstatSync(join(layer, 'x')).isFile());
  },
);

confines(
  'a file over a symlink that leads outside replaces the symlink',
  (canary) => [symlink('x', `${canary}/file`), { path: 'x', content: 'new' }],
  (layer) => assert.equal(readFileSync(join(layer, 'x'), 'utf8'), 'new'),
);

confines(
  'an entry below a symlink to an absolute directory stays in the layer',
  (canary) => [directory(canary.slice(1)), symlink('d', canary), { path: 'd/file', content: 'new', mode: 0o4777 }],
  (layer, canary) => assert.equal(readFileSync(join(layer, canary, 'file'), 'utf8'), 'new'),
);

refuses('an entry below a symlink that leads nowhere in the layer is refused', 'image/hostile', (canary) => [
  symlink('d', canary),
  { path: 'd/file', content: 'x' },
]);
refuses('an entry below a symlink that climbs is refused', 'image/hostile', () => [
  symlink('d', '../../../../../canary'),
  { path: 'd/file', content: 'x' },
]);
refuses('an entry below a symlink to itself is refused', 'image/hostile', () => [
  symlink('d', 'd'),
  { path: 'd/file', content: 'x' },
]);
refuses('an entry below a magic link is refused', 'image/hostile', () => [
  symlink('d', '/proc/self/cwd'),
  { path: 'd/file', content: 'x' },
]);
refuses('an entry below a file is refused', 'image/hostile', () => [
  { path: 'f', content: 'x' },
  { path: 'f/g', content: 'x' },
]);

confines(
  'a directory that becomes a symlink takes later entries along inside the layer',
  (canary) => [
    directory('d'),
    { path: 'd', type: '2', linkPath: canary },
    directory(canary.slice(1)),
    { path: 'd/file', content: 'new' },
  ],
  (layer, canary) => assert.equal(readFileSync(join(layer, canary, 'file'), 'utf8'), 'new'),
);

refuses('a directory with contents cannot be replaced by a symlink', 'image/hostile', (canary) => [
  { path: 'd/a', content: 'x' },
  symlink('d', canary),
  { path: 'd/file', content: 'x' },
]);

confines(
  'names that other file systems take for one are two',
  (canary) => [
    symlink('D', canary),
    directory('d'),
    { path: 'd/file', content: 'new' },
    symlink('caf\xc3\xa9', canary),
    { path: 'cafe\xcc\x81/file', content: 'new' },
  ],
  (layer) => assert.equal(readFileSync(join(layer, 'd/file'), 'utf8'), 'new'),
);

refuses('a root that is a symlink is refused', 'image/hostile', (canary) => [
  symlink('./', canary),
  { path: 'file', content: 'x' },
]);
refuses('a root that is a device is refused', 'image/hostile', () => [{ path: '.', type: '3', device: [1, 3] }]);

confines(
  "mode and owner of the root stay the layer's",
  () => [{ path: './', type: '5', mode: 0o700, uid: 5 }],
  (layer) => {
    assert.equal(lstatSync(layer).mode & 0o7777, 0o700);
    assert.equal(lstatSync(join(layer, '..')).mode & 0o7777, 0o700);
    assert.equal(lstatSync(join(layer, '..')).uid, 0);
  },
);

for (const name of ['.wh.', '.wh..', '.wh...', 'd/.wh...'])
  refuses(`the whiteout "${name}" is refused`, 'image/hostile', () => [directory('d'), { path: name }]);
refuses('a whiteout below a symlink is refused', 'image/hostile', (canary) => [
  directory(canary.slice(1)),
  symlink('d', canary),
  { path: 'd/.wh.file' },
]);
refuses('an opaque mark below a symlink is refused', 'image/hostile', (canary) => [
  directory(canary.slice(1)),
  symlink('d', canary),
  { path: 'd/.wh..wh..opq' },
]);
refuses('a character device 0:0 is refused', 'image/hostile', () => [
  { path: 'etc/passwd', type: '3', device: [0, 0] },
]);
for (const name of [
  'trusted.overlay.redirect',
  'trusted.overlay.opaque',
  'trusted.overlay.metacopy',
  'user.overlay.opaque',
]) {
  refuses(`the extended attribute ${name} is refused`, 'image/hostile', () => [
    { path: 'd/', type: '5', pax: { [`SCHILY.xattr.${name}`]: 'y' } },
  ]);
}

refuses('a million nested directories are refused', 'image/hostile', () => [
  { path: 'x', type: '5', pax: { path: 'd/'.repeat(1000) } },
]);
refuses('an archive that ends in a file is refused', 'image/corrupt', () =>
  headerBlock({ path: 'a', size: 1_000_000 }, 0),
);
refuses('a file larger than anything is refused when its bytes end', 'image/corrupt', () =>
  Buffer.concat([headerBlock({ path: 'a', size: 8 ** 11 - 1 }, 0), Buffer.alloc(4096)]),
);
refuses('garbage after the gzip data is refused', 'image/corrupt', () =>
  Buffer.concat([gzipSync(archive({ path: 'a' })), Buffer.from('garbage')]),
);
refuses('truncated gzip data is refused', 'image/corrupt', () =>
  gzipSync(archive({ path: 'a', content: 'x'.repeat(5000) })).subarray(0, 60),
);
refuses('truncated zstd data is refused', 'image/corrupt', () => Buffer.from('28b52ffd04584d00', 'hex'));
refuses('a zstd window of 2 GiB is refused', 'image/corrupt', () => Buffer.from('28b52ffd00a8010000', 'hex'));
refuses('an empty archive is refused', 'image/corrupt', () => Buffer.alloc(0));
refuses('what is no archive is refused', 'image/corrupt', () => Buffer.from('#!/bin/sh\n'.repeat(100)));

test('a decompression bomb is stopped at its bound, and its disk space given back', async () => {
  using work = new Workspace();
  // 1 GiB of zeros in about 1 MiB.
  const piece = gzipSync(Buffer.alloc(64 * 1024 * 1024));
  const head = gzipSync(headerBlock({ path: 'zeros', size: 16 * 64 * 1024 * 1024 }, 0));
  const bomb = Buffer.concat([head, ...Array.from({ length: 16 }, () => piece), gzipSync(Buffer.alloc(1024))]);
  await assert.rejects(work.unpack(bomb), (error) => error instanceof PodError && error.code === 'image/hostile');
  assert.deepEqual(work.leftovers(), []);
});

test('a name that is no UTF-8 is unpacked byte for byte, and removed again when the archive fails later', async () => {
  using work = new Workspace();
  const bytes = Buffer.concat([entryBlocks({ path: 'd/\xff\xfe', content: 'x' }), Buffer.alloc(512, 0x41)]);
  await assert.rejects(work.unpack(bytes), PodError);
  assert.deepEqual(work.leftovers(), []);
  assert.ok(existsSync(work.canary));
});
