import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { archive, type FixtureEntry } from '../../unit/stage0/image/tar-fixture.ts';
import { digestOf, Workspace } from './workspace.ts';

const BASE = archive({ path: 'base', content: 'x' });
const TOP = archive({ path: 'top', content: 'y' });
const ARCHITECTURE = process.arch === 'x64' ? 'amd64' : process.arch;

function configOf(...layers: readonly Buffer[]): string {
  return JSON.stringify({
    os: 'linux',
    architecture: ARCHITECTURE,
    config: { Cmd: ['/top'] },
    rootfs: { diff_ids: layers.map(digestOf) },
  });
}

function saved(images: readonly object[], ...members: readonly FixtureEntry[]): Buffer {
  return archive(...members, { path: 'manifest.json', content: JSON.stringify(images) });
}

const config = configOf(BASE, TOP);
const hex = digestOf(Buffer.from(config)).slice(7);
const members: readonly FixtureEntry[] = [
  { path: 'a/layer.tar', content: BASE },
  { path: 'b/layer.tar', content: gzipSync(TOP) },
  { path: 'c/layer.tar', type: '2', linkPath: '../a/layer.tar' },
  { path: `${hex}.json`, content: config },
];
const image = { Config: `${hex}.json`, RepoTags: ['web:v1'], Layers: ['a/layer.tar', 'b/layer.tar'] };

test('an archive of docker save is an image, plain and compressed, by name and without one', async () => {
  using work = new Workspace();
  work.write('a.tar', saved([image], ...members));
  work.write('a.tar.gz', gzipSync(saved([image], ...members)));
  const plain = await work.resolve('docker-archive:a.tar');
  assert.equal(plain.digest, `sha256:${hex}`);
  assert.deepEqual(
    plain.mounts[0]!.layers.map((layer) => layer.slice(-64)),
    [BASE, TOP].map((layer) => digestOf(layer).slice(7)),
  );
  for (const ref of ['docker-archive:a.tar.gz', 'docker-archive:a.tar:web:v1'])
    assert.deepEqual({ ...(await work.resolve(ref)), ref: '' }, { ...plain, ref: '' });
  assert.deepEqual(work.leftovers(), []);
});

test('a layer may be a symlink to another member, and to nothing else', async () => {
  using work = new Workspace();
  const twice = configOf(TOP, BASE);
  work.write(
    'a.tar',
    saved([{ Config: 'c.json', Layers: ['b/layer.tar', 'c/layer.tar'] }], ...members, {
      path: 'c.json',
      content: twice,
    }),
  );
  assert.equal((await work.resolve('docker-archive:a.tar')).mounts[0]!.layers.length, 2);
  for (const linkPath of [`${work.canary}/file`, '../../../etc/passwd', 'layer.tar']) {
    work.write(
      'b.tar',
      saved([{ ...image, Layers: ['a/layer.tar', 'd/layer.tar'] }], ...members, {
        path: 'd/layer.tar',
        type: '2',
        linkPath,
      }),
    );
    await assert.rejects(work.resolve('docker-archive:b.tar'), { code: 'image/corrupt' });
  }
});

test('what does not hold together is refused', async () => {
  using work = new Workspace();
  const refuses = async (bytes: Buffer, code: string, suffix = ''): Promise<void> => {
    work.write('a.tar', bytes);
    await assert.rejects(work.resolve(`docker-archive:a.tar${suffix}`), { code });
    assert.deepEqual(work.leftovers(), []);
  };
  await refuses(saved([image, { ...image, RepoTags: ['web:v2'] }], ...members), 'image/reference');
  await refuses(saved([image], ...members), 'image/reference', ':web:v9');
  await refuses(archive(...members), 'image/reference');
  await refuses(saved([image], ...members.slice(1)), 'image/corrupt');
  await refuses(saved([{ ...image, Layers: ['a/layer.tar'] }], ...members), 'image/corrupt');
  await refuses(saved([{ ...image, Layers: ['b/layer.tar', 'a/layer.tar'] }], ...members), 'image/corrupt');
  await refuses(
    saved([image], ...members.slice(0, 3), { path: `${hex}.json`, content: `${config} ` }),
    'image/corrupt',
  );
  await refuses(saved([image], ...members).subarray(0, 1500), 'image/corrupt');
});
