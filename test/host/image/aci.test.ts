import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { PodErrors } from '../../../stages/stage0/error.ts';
import { digestOfImage } from '../../../stages/stage0/image/digest.ts';
import { lookupUser } from '../../../stages/stage0/image/user.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { aciOf, manifestOf, ROOT } from './aci-fixture.ts';
import { snapshot, Workspace } from './workspace.ts';

const MANIFEST = manifestOf({ user: 'web', group: 'www', supplementaryGIDs: [7], workingDirectory: '/srv' });
const FILES = [
  { path: 'etc/passwd', content: 'web:x:100:101::/home/web:/bin/sh\nother:x:200:201::/:/bin/sh\n' },
  { path: 'etc/group', content: 'www:x:33:\n' },
  { path: 'bin/app', content: 'x'.repeat(100_000), mode: 0o755, mtime: 1_600_000_000, uid: 3, gid: 4 },
  { path: 'bin/link', type: '1', linkPath: 'bin/app' },
] as const;

function imageId(bytes: Buffer): string {
  return `sha512:${createHash('sha512').update(bytes).digest('hex')}`;
}

test('an ACI is the layer in its rootfs, and its digest is its image ID, however it is compressed', async () => {
  using work = new Workspace();
  const bytes = aciOf(MANIFEST, ...FILES);
  const image = await work.resolve(`aci:${work.write('a.aci', bytes)}`);
  const layer = image.mounts[0]!.layers[0]!;
  assert.equal(image.digest, imageId(bytes));
  assert.deepEqual([image.config.entrypoint, image.config.workingDirectory], [['/bin/app'], '/srv']);
  assert.ok(!existsSync(join(layer, 'manifest')) && !existsSync(join(layer, 'rootfs')));
  const { mode, uid, gid, mtimeMs, ino } = statSync(join(layer, 'bin/app'));
  assert.deepEqual([mode & 0o7777, uid, gid, mtimeMs], [0o755, 3, 4, 1_600_000_000_000]);
  assert.equal(statSync(join(layer, 'bin/link')).ino, ino);
  assert.equal(lstatSync(layer).mode & 0o7777, 0o755);
  const before = snapshot(layer);
  for (const program of ['gzip', 'bzip2', 'xz']) {
    const ref = `aci:${work.write(`${program}.aci`, execFileSync(program, ['-c'], { input: bytes }))}`;
    assert.equal(await digestOfImage(ref, { storeDir: work.store, baseDir: work.dir }), image.digest);
    assert.deepEqual({ ...(await work.resolve(ref)), ref: '' }, { ...image, ref: '' });
  }
  assert.equal(snapshot(layer), before);
  assert.deepEqual(work.leftovers(), []);
});

test('an ACI and the same archive as tar: are two layers', async () => {
  using work = new Workspace();
  const path = work.write('a.aci', aciOf(MANIFEST, ...FILES));
  const [tar, aci] = [await work.resolve(`tar:${path}`), await work.resolve(`aci:${path}`)];
  assert.ok(existsSync(join(tar.mounts[0]!.layers[0]!, 'manifest')));
  assert.ok(existsSync(join(aci.mounts[0]!.layers[0]!, 'bin/app')));
});

test('the manifest may come last, and names may begin with a dot', async () => {
  using work = new Workspace();
  const names = (path: string): string => `./${path}`;
  const bytes = archive(
    { path: './', type: '5', mode: 0o700 },
    { ...ROOT, path: './rootfs/' },
    ...FILES.map((file) => ({
      ...file,
      path: names(`rootfs/${file.path}`),
      ...('linkPath' in file ? { linkPath: names(`rootfs/${file.linkPath}`) } : {}),
    })),
    { path: './manifest', content: MANIFEST },
  );
  const image = await work.resolve(`aci:${work.write('a.aci', gzipSync(bytes))}`);
  assert.equal(image.digest, imageId(bytes));
  assert.equal(lstatSync(image.mounts[0]!.layers[0]!).mode & 0o7777, 0o755);
  assert.ok(existsSync(join(image.mounts[0]!.layers[0]!, 'bin/link')));
});

test('the user and the groups are those of the manifest in the image, unless the pod names others', async () => {
  using work = new Workspace();
  const image = await work.resolve(`aci:${work.write('a.aci', aciOf(MANIFEST, ...FILES))}`);
  const who = (...args: [string?, string?, number[]?]): unknown => {
    const { uid, gid, supplementaryGids } = lookupUser(image, ...args);
    return [uid, gid, supplementaryGids];
  };
  assert.deepEqual(who(), [100, 33, [33, 7]]);
  assert.deepEqual(who('other'), [200, 201, [201]]);
  assert.deepEqual(who(undefined, '9'), [100, 9, [9]]);
  assert.deepEqual(who(undefined, undefined, [8]), [100, 33, [33, 8]]);
  const ofFile = manifestOf({ user: '/bin/app', group: '/bin/app' });
  const other = await work.resolve(`aci:${work.write('b.aci', aciOf(ofFile, ...FILES))}`);
  const { uid, gid } = lookupUser(other);
  assert.deepEqual([uid, gid], [3, 4]);
});

test('of the files, only those on the whitelist are there, and all directories', async () => {
  using work = new Workspace();
  const listed = manifestOf(undefined, { pathWhitelist: ['/bin//app', '/etc/', '/nowhere', '/é'] });
  const files = [...FILES, { path: 'var/empty', type: '5' }, { path: 'Ã©'.slice(0, 2), content: 'latin1' }];
  const image = await work.resolve(`aci:${work.write('a.aci', aciOf(listed, ...files))}`);
  const layer = image.mounts[0]!.layers[0]!;
  assert.deepEqual(
    ['bin/app', 'bin/link', 'etc', 'etc/passwd', 'var/empty', 'é'].map((name) => existsSync(join(layer, name))),
    [true, false, false, false, true, true],
  );
});

test('an ACI that has changed is read again, and one that has not is not', async () => {
  using work = new Workspace();
  const seen: string[] = [];
  const onProgress = ({ kind }: { kind: string }): void => void seen.push(kind);
  const path = work.write('a.aci', aciOf(MANIFEST, ...FILES));
  const first = await work.resolve(`aci:${path}`, { onProgress });
  assert.ok(seen.includes('layer') && seen.includes('done'));
  seen.length = 0;
  assert.deepEqual(await work.resolve(`aci:${path}`, { onProgress }), first);
  assert.deepEqual(seen, []);
  work.write('a.aci', aciOf(manifestOf({ exec: ['/bin/link'] }), ...FILES));
  assert.deepEqual((await work.resolve(`aci:${path}`)).config.entrypoint, ['/bin/link']);
});

test('an interrupted reading leaves nothing', async () => {
  using work = new Workspace();
  const big = { path: 'big', content: Buffer.alloc(40_000_000, 'x') };
  const path = work.write('a.aci', aciOf(MANIFEST, big, big));
  const stop = new AbortController();
  const onProgress = (): void => stop.abort(new Error('interrupted'));
  await assert.rejects(work.resolve(`aci:${path}`, { onProgress, signal: stop.signal }), /interrupted/);
  assert.deepEqual(work.leftovers(), []);
});

test('all faults of a manifest are told, with the file and the place of the reference', async () => {
  using work = new Workspace();
  const path = work.write('a.aci', aciOf(manifestOf({ exec: [''], user: 1 }, { acVersion: 'x' })));
  const at = { file: 'm', line: 7, col: 3 };
  await assert.rejects(work.resolve(`aci:${path}`, { at }), (error) => {
    assert.ok(error instanceof PodErrors);
    assert.deepEqual(
      error.errors.map((each) => [each.code, each.at?.line, each.message.includes(path)]),
      [1, 2, 3].map(() => ['image/manifest', 7, true]),
    );
    return true;
  });
});

test('what is not an ACI is named', async () => {
  using work = new Workspace();
  const refuses = async (bytes: Buffer, code: string): Promise<void> =>
    assert.rejects(work.resolve(`aci:${work.write('a.aci', bytes)}`), { code });
  await refuses(archive({ path: 'bin/app' }), 'image/reference');
  await refuses(Buffer.from(readFileSync('/etc/passwd')), 'image/corrupt');
  await refuses(archive({ path: 'manifest', content: MANIFEST }), 'image/corrupt');
  await refuses(aciOf('{'), 'image/corrupt');
  await refuses(aciOf(''), 'image/corrupt');
  await refuses(aciOf(MANIFEST, ...FILES).subarray(0, 20_000), 'image/corrupt');
  await assert.rejects(work.resolve('aci:nowhere.aci'), { code: 'image/reference' });
  await assert.rejects(work.resolve(`aci:${work.canary}`), { code: 'image/reference' });
  assert.deepEqual(work.leftovers(), []);
});
