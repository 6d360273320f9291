import assert from 'node:assert/strict';
import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readTreeFile } from '../../../stages/stage0/image/read-file.ts';
import { ImageTree } from '../../../stages/stage0/image/tree.ts';
import { resolveCached } from '../../../stages/stage0/image/resolve.ts';
import { lookupUser } from '../../../stages/stage0/image/user.ts';
import { Workspace } from './workspace.ts';

test("the host's system is an image, and nothing private is in it", async () => {
  using work = new Workspace();
  const image = await work.resolve('host');
  const root = image.mounts[0]!.layers[0]!;
  assert.deepEqual(
    image.mounts.slice(0, 2).map(({ target }) => target),
    ['/', '/usr'],
  );
  assert.deepEqual(image.mounts[1]!.layers, ['/usr']);
  for (const name of [
    'home',
    'root',
    'srv',
    'mnt',
    'opt',
    'proc',
    'sys',
    'dev',
    'run',
    'tmp',
    'var/lib',
    'var/log',
    'usr',
  ])
    assert.deepEqual(readdirSync(join(root, name)), [], name);
  const etc = [
    'shadow',
    'gshadow',
    'ssh',
    'ssl/private',
    'sudoers',
    'machine-id',
    'fstab',
    'environment',
    'krb5.keytab',
  ];
  for (const name of etc) assert.equal(existsSync(join(root, 'etc', name)), false, name);
  assert.deepEqual(
    [
      lstatSync(join(root, 'tmp')).mode & 0o7777,
      lstatSync(join(root, 'root')).mode & 0o7777,
      lstatSync(root).mode & 0o7777,
    ],
    [0o1777, 0o700, 0o755],
  );
  assert.doesNotMatch(readFileSync(join(root, 'etc/passwd'), 'utf8'), /^[^:]*:(?!x:)|:(1[0-9]{3}|[2-9][0-9]{3}):/m);
});

test("the host's shell, libraries and accounts are found in it", async () => {
  using work = new Workspace();
  const image = await work.resolve('host');
  using tree = new ImageTree(image);
  assert.ok(readTreeFile(tree, '/bin/sh', 10_000_000));
  assert.ok(readTreeFile(tree, '/etc/os-release', 10_000));
  assert.deepEqual(readTreeFile(tree, '/etc/ld.so.cache', 10_000_000), readFileSync('/etc/ld.so.cache'));
  assert.equal(lookupUser(image, 'daemon').uid, 1);
  assert.deepEqual([image.config.command, typeof image.config.env.PATH], [['/bin/sh'], 'string']);
});

test('the second time it is only remembered', async () => {
  using work = new Workspace();
  const image = await work.resolve('host');
  const before = readdirSync(join(work.store, 'layers'));
  assert.deepEqual(resolveCached('host', { storeDir: work.store, baseDir: '/' }), image);
  assert.deepEqual(await work.resolve('host'), image);
  assert.deepEqual(readdirSync(join(work.store, 'layers')), before);
  assert.deepEqual(work.leftovers(), []);
});
