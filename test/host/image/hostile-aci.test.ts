import assert from 'node:assert/strict';
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { PodError } from '../../../stages/stage0/error.ts';
import { archive, entryBlocks, type FixtureEntry, headerBlock } from '../../unit/stage0/image/tar-fixture.ts';
import { aciOf, manifestOf, ROOT } from './aci-fixture.ts';
import { snapshot, Workspace } from './workspace.ts';

const MANIFEST = manifestOf({});
const HEAD: FixtureEntry = { path: 'manifest', content: MANIFEST };

/** The image is refused with the code, and neither the canary nor the store has anything of it. */
function refuses(name: string, code: string, make: (canary: string) => readonly FixtureEntry[] | Buffer): void {
  test(name, async () => {
    using work = new Workspace();
    const before = snapshot(work.canary);
    const made = make(work.canary);
    const path = work.write('a.aci', Buffer.isBuffer(made) ? made : archive(...made));
    await assert.rejects(
      work.resolve(`aci:${path}`),
      (error) => error instanceof PodError && error.code === code && error.message.includes('a.aci'),
    );
    assert.equal(snapshot(work.canary), before);
    assert.deepEqual(work.leftovers(), []);
    assert.ok(!existsSync(join(work.store, 'layers')) || snapshot(join(work.store, 'layers')).split('\n').length === 1);
  });
}

const link = (path: string, linkPath: string, type = '2'): FixtureEntry => ({ path, type, linkPath });

refuses('a manifest that is a symlink is refused', 'image/hostile', (canary) => [
  link('manifest', `${canary}/file`),
  ROOT,
]);
refuses('a manifest that is a hard link is refused', 'image/hostile', () => [
  ROOT,
  { path: 'rootfs/m', content: MANIFEST },
  link('manifest', 'rootfs/m', '1'),
]);
refuses('a manifest that is a directory is refused', 'image/hostile', () => [{ path: 'manifest', type: '5' }, ROOT]);
refuses('a manifest that is a device is refused', 'image/hostile', () => [
  { path: 'manifest', type: '3', device: [1, 5] },
  ROOT,
]);
refuses('a manifest that is a pipe is refused', 'image/hostile', () => [{ path: 'manifest', type: '6' }, ROOT]);
refuses('a manifest that says to have a gigabyte is refused', 'image/hostile', () =>
  Buffer.concat([headerBlock({ path: 'manifest', size: 1 << 30 }, 0), Buffer.alloc(4096)]),
);
refuses('a compressed manifest of 16 megabytes is refused', 'image/hostile', () =>
  gzipSync(archive({ path: 'manifest', content: Buffer.alloc(16 << 20, ' ') }, ROOT)),
);
refuses('two manifests are refused', 'image/hostile', () => [HEAD, ROOT, HEAD]);
refuses('two manifests under two names are refused', 'image/hostile', () => [
  HEAD,
  ROOT,
  { path: './manifest', content: manifestOf({ user: 'evil' }) },
]);
refuses('a manifest after a link of its name is refused', 'image/hostile', (canary) => [
  HEAD,
  ROOT,
  link('manifest', `${canary}/file`),
]);

refuses('an entry beside rootfs is refused', 'image/hostile', () => [HEAD, ROOT, { path: 'other' }]);
refuses('a directory beside rootfs is refused', 'image/hostile', () => [HEAD, ROOT, { path: 'rootfs2', type: '5' }]);
refuses('an entry below the manifest is refused', 'image/hostile', () => [HEAD, ROOT, { path: 'manifest/x' }]);
refuses('a rootfs that is a symlink is refused', 'image/hostile', (canary) => [
  HEAD,
  link('rootfs', canary),
  { path: 'rootfs/file', content: 'x' },
]);
refuses('a rootfs that is a file is refused', 'image/hostile', () => [HEAD, { path: 'rootfs', content: 'x' }]);
refuses('a rootfs that becomes a symlink is refused', 'image/hostile', (canary) => [
  HEAD,
  ROOT,
  link('rootfs', `${canary}/dir`),
  { path: 'rootfs/inner', content: 'x' },
]);
refuses('the root of the archive as a symlink is refused', 'image/hostile', (canary) => [
  link('.', canary),
  HEAD,
  ROOT,
]);

for (const [what, path] of [
  ['climbs', '../../canary/file'],
  ['climbs out of rootfs', 'rootfs/../../canary/file'],
  ['climbs to the manifest', 'rootfs/../manifest'],
  ['is absolute', '/rootfs/x'],
] as const)
  refuses(`a name that ${what} is refused`, 'image/hostile', () => [HEAD, ROOT, { path, content: 'x' }]);

refuses('a hard link to the manifest is refused', 'image/hostile', () => [
  HEAD,
  ROOT,
  link('rootfs/m', 'manifest', '1'),
]);
refuses('a hard link that climbs is refused', 'image/hostile', () => [
  HEAD,
  ROOT,
  link('rootfs/x', 'rootfs/../../canary/file', '1'),
]);
refuses('a hard link to an absolute name is refused', 'image/hostile', (canary) => [
  HEAD,
  ROOT,
  link('rootfs/x', `${canary}/file`, '1'),
]);
refuses('a hard link to a file that the whitelist leaves out is refused', 'image/corrupt', () =>
  aciOf(
    manifestOf(undefined, { pathWhitelist: ['/b'] }),
    { path: 'a', content: 'x' },
    { path: 'b', type: '1', linkPath: 'a' },
  ),
);
refuses('a whitelist that climbs is refused', 'image/hostile', () =>
  aciOf(manifestOf(undefined, { pathWhitelist: ['/../../b'] }), { path: 'a', content: 'x' }),
);
refuses('a whiteout is refused', 'image/hostile', () => aciOf(MANIFEST, { path: 'etc/.wh.passwd' }));
refuses('an opaque mark is refused', 'image/hostile', () => aciOf(MANIFEST, { path: 'etc/.wh..wh..opq' }));
refuses('an attribute of overlayfs is refused', 'image/hostile', () =>
  aciOf(MANIFEST, { path: 'd', type: '5', pax: { 'SCHILY.xattr.trusted.overlay.redirect': '/etc' } }),
);
refuses('a device that overlayfs takes for a whiteout is refused', 'image/hostile', () =>
  aciOf(MANIFEST, { path: 'etc', type: '3', device: [0, 0] }),
);
/** 700 MB of zeros in half a megabyte: gzip members follow one another. */
const ZEROS = Buffer.concat(Array.from({ length: 10 }, () => gzipSync(Buffer.alloc(70 << 20))));
const BIG = headerBlock({ path: 'rootfs/big', size: 700 << 20 }, 0);

refuses('a bomb is refused before it fills the disk', 'image/hostile', () =>
  Buffer.concat([
    gzipSync(Buffer.concat([entryBlocks(HEAD), entryBlocks(ROOT), BIG])),
    ZEROS,
    gzipSync(Buffer.alloc(1024)),
  ]),
);
refuses('a bomb in front of the manifest is refused', 'image/hostile', () =>
  Buffer.concat([gzipSync(BIG), ZEROS, gzipSync(Buffer.concat([entryBlocks(HEAD), Buffer.alloc(1024)]))]),
);

test('an entry below a symlink that leads outside stays in the layer', async () => {
  using work = new Workspace();
  const before = snapshot(work.canary);
  const inside = work.canary.slice(1);
  const files = [{ path: inside, type: '5' }, link('d', work.canary), { path: 'd/file', content: 'new' }];
  const long = files.map((file) => ({ ...file, path: `rootfs/${file.path}` }));
  const image = await work.resolve(`aci:${work.write('a.aci', archive(HEAD, ROOT, ...long))}`);
  assert.equal(readFileSync(join(image.mounts[0]!.layers[0]!, inside, 'file'), 'utf8'), 'new');
  assert.equal(snapshot(work.canary), before);
});

test('a file over a symlink that leads outside replaces the symlink', async () => {
  using work = new Workspace();
  const before = snapshot(work.canary);
  const files = [link('x', `${work.canary}/file`), { path: 'x', content: 'new' }];
  const image = await work.resolve(`aci:${work.write('a.aci', aciOf(MANIFEST, ...files))}`);
  assert.ok(lstatSync(join(image.mounts[0]!.layers[0]!, 'x')).isFile());
  assert.equal(snapshot(work.canary), before);
});
