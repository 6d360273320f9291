import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readTreeFile } from '../../../stages/stage0/image/read-file.ts';
import { ImageTree } from '../../../stages/stage0/image/tree.ts';
import type { ResolvedImage } from '../../../stages/stage0/image/types.ts';
import { lookupUser } from '../../../stages/stage0/image/user.ts';
import { archive, type FixtureEntry } from '../../unit/stage0/image/tar-fixture.ts';
import { Workspace, writeLayout } from './workspace.ts';

const PASSWD = [
  'root:x:0:0:root:/root:/bin/sh',
  'web:x:33:34:w:/srv/web:/bin/sh',
  '1000:x:7:7:a name of digits:/evil:/bin/sh',
  'odd:x:40:40:::',
  'broken:x:99999999999:1::/:',
  '# comment:x:5:5::/:',
].join('\n');
const GROUP = 'root:x:0:\nweb:x:34:\nmedia:x:50:web,root\nlog:x:51:other,web\n';

async function imageOf(work: Workspace, ...layers: readonly (readonly FixtureEntry[])[]): Promise<ResolvedImage> {
  writeLayout(join(work.dir, 'layout'), { layers: layers.map((entries) => archive(...entries)) });
  return work.resolve('oci:layout');
}

const accounts: readonly FixtureEntry[] = [
  { path: 'etc/passwd', content: PASSWD },
  { path: 'etc/group', content: GROUP },
];
function read(image: ResolvedImage, path: string): string | undefined {
  using tree = new ImageTree(image);
  return readTreeFile(tree, path, 1000)?.toString();
}

test('the uppermost layer that has a name decides, and what it removed is gone', async () => {
  using work = new Workspace();
  const image = await imageOf(
    work,
    [
      { path: 'a', content: 'low' },
      { path: 'b', content: 'low' },
      { path: 'd/x', content: 'low' },
      { path: 'o/x', content: 'low' },
      { path: 'f/x', content: 'low' },
    ],
    [
      { path: 'a', content: 'high' },
      { path: '.wh.b' },
      { path: 'd/y', content: 'high' },
      { path: 'o/.wh..wh..opq' },
      { path: 'o/y', content: 'high' },
      { path: 'f', content: 'file' },
    ],
  );
  assert.deepEqual(
    ['/a', '/b', '/d/x', '/d/y', '/o/x', '/o/y', '/f', '/f/x'].map((path) => read(image, path)),
    ['high', undefined, 'low', 'high', undefined, 'high', 'file', undefined],
  );
});

test('symlinks are followed across layers, and never out of the image', async () => {
  using work = new Workspace();
  const image = await imageOf(
    work,
    [
      { path: 'usr/lib/os-release', content: 'inside' },
      { path: 'etc/x', type: '2', linkPath: '../usr/lib/os-release' },
    ],
    [
      { path: 'etc/os-release', type: '2', linkPath: '/usr/lib/os-release' },
      { path: 'up', type: '2', linkPath: '../../../../../../usr/lib/os-release' },
      { path: 'secret', type: '2', linkPath: `${work.canary}/file` },
      { path: 'loop', type: '2', linkPath: 'loop' },
      { path: 'magic', type: '2', linkPath: '/proc/self/root/etc/passwd' },
    ],
  );
  assert.deepEqual(
    ['/etc/os-release', '/etc/x', '/up', '/../../etc/x'].map((path) => read(image, path)),
    ['inside', 'inside', 'inside', 'inside'],
  );
  assert.deepEqual(
    ['/secret', '/loop', '/magic', '/none', '/etc/x/y'].map((path) => read(image, path)),
    [undefined, undefined, undefined, undefined, undefined],
  );
});

test('what is not a regular file, or too large, is refused without waiting', async () => {
  using work = new Workspace();
  const image = await imageOf(work, [
    { path: 'etc/passwd', type: '6' },
    { path: 'zero', type: '3', device: [1, 5] },
    { path: 'etc/link', type: '2', linkPath: '/zero' },
    { path: 'long', content: 'x'.repeat(1001) },
  ]);
  for (const path of ['/etc/passwd', '/zero', '/etc/link', '/etc', '/', '/long'])
    assert.throws(() => read(image, path), { code: 'image/hostile' }, path);
  assert.throws(() => lookupUser(image, 'web'), { code: 'image/hostile' });
});

test('users are names, numbers, pairs and paths', async () => {
  using work = new Workspace();
  const image = await imageOf(work, [
    ...accounts,
    { path: 'srv/data', uid: 33, gid: 77, content: 'x' },
    { path: 'srv/link', type: '2', linkPath: '/srv/data' },
  ]);
  const web = { uid: 33, gid: 34, supplementaryGids: [34, 50, 51], home: '/srv/web', name: 'web' };
  assert.deepEqual(lookupUser(image, 'web'), web);
  assert.deepEqual(lookupUser(image, '33'), web);
  assert.deepEqual(lookupUser(image, '/srv/link'), web);
  assert.deepEqual(lookupUser(image), { uid: 0, gid: 0, supplementaryGids: [0, 50], home: '/root', name: 'root' });
  assert.deepEqual(lookupUser(image, 'web', undefined, [99, 50]), { ...web, supplementaryGids: [34, 50, 51, 99] });
  assert.deepEqual(lookupUser(image, 'web:media'), { ...web, gid: 50, supplementaryGids: [50] });
  assert.deepEqual(lookupUser(image, 'web', '/srv/data'), { ...web, gid: 77, supplementaryGids: [77] });
  assert.deepEqual(lookupUser(image, '4294967294:12'), {
    uid: 4294967294,
    gid: 12,
    supplementaryGids: [12],
    home: '/',
  });
});

test('a number is never looked up as a name, and a home is a path', async () => {
  using work = new Workspace();
  const image = await imageOf(work, accounts);
  assert.deepEqual(lookupUser(image, '1000'), { uid: 1000, gid: 0, supplementaryGids: [0], home: '/' });
  assert.equal(lookupUser(image, 'odd').home, '/');
});

test('what cannot be a user is refused', async () => {
  using work = new Workspace();
  const image = await imageOf(work, accounts);
  for (const user of [
    'nobody',
    '4294967295',
    '4294967296',
    '-1',
    '+0',
    '99999999999',
    'web\nroot',
    'we\0b',
    'broken',
    '/nowhere',
    'web:none',
    '0:4294967295',
  ]) {
    assert.throws(() => lookupUser(image, user), { code: 'image/user' }, user);
  }
  assert.throws(() => lookupUser(image, 'web', undefined, [-1]), { code: 'image/user' });
  assert.throws(() => lookupUser(image, '0', 'none'), { code: 'image/user' });
});

test('an image without accounts runs by number', async () => {
  using work = new Workspace();
  const image = await imageOf(work, [{ path: 'app', content: 'x' }]);
  assert.deepEqual(lookupUser(image), { uid: 0, gid: 0, supplementaryGids: [0], home: '/' });
});

test('a directory image is read as it is now', async () => {
  using work = new Workspace();
  mkdirSync(join(work.dir, 'root/etc'), { recursive: true });
  writeFileSync(join(work.dir, 'root/etc/passwd'), PASSWD);
  symlinkSync(work.canary, join(work.dir, 'root/out'));
  chownSync(join(work.dir, 'root/etc/passwd'), 12, 13);
  const image = await work.resolve('dir:root');
  assert.equal(image.mounts[0]!.layers[0], join(work.dir, 'root'));
  assert.equal(read(image, '/out/file'), undefined);
  assert.equal(lookupUser(image, '/etc/passwd', '/etc/passwd').uid, 12);
  execFileSync('rm', [join(work.dir, 'root/etc/passwd')]);
  assert.throws(() => lookupUser(image, 'web'), { code: 'image/user' });
});
