import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, statSync, symlinkSync, unlinkSync } from 'node:fs';
import { test } from 'node:test';
import { readStoreFacts } from '../../../stages/stage0/plan/store-facts.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';

const root = useTempRoot();
const work = `${root}/work`;
mkdirSync(work);

const SCRIPT = `
  mkdir -p /data/deep/er; echo one > /data/deep/er/file; chown 33:44 /data/deep/er/file
  echo two > /part/file; echo three > /limited/file; echo four > /fast/file; echo five > /srv/file`;

const MANIFEST = {
  apiVersion: 'pod/v1',
  kind: 'Pod',
  metadata: { name: 'left' },
  network: { mode: 'none' },
  volumes: [
    { name: 'data', kind: 'empty' },
    { name: 'fast', kind: 'empty', medium: 'memory' },
    { name: 'conf', kind: 'inline', files: { a: 'x' } },
    { name: 'host', kind: 'host', source: '/srv', readOnly: true },
  ],
  apps: [
    {
      name: 'app',
      image: 'host',
      exec: ['/bin/sh', '-ec', SCRIPT],
      mounts: [
        { volume: 'data', path: '/data' },
        { volume: 'data', path: '/part', subPath: 'sub' },
        { volume: 'fast', path: '/fast' },
        { volume: 'conf', path: '/conf' },
        { volume: 'host', path: '/host' },
      ],
    },
  ],
};

test('what a pod left in its volumes is copied when it has ended, and what is gone is told', async () => {
  const text = JSON.stringify(MANIFEST).replace('echo three > /limited/file;', '');
  await podOk(['run', '-'], { root, input: text });
  await podOk(['cp', 'left:/data', `${work}/data`], { root });
  assert.equal(readFileSync(`${work}/data/deep/er/file`, 'utf8'), 'one\n');
  const { uid, gid } = statSync(`${work}/data/deep/er/file`);
  assert.deepEqual([uid, gid], [33, 44]);
  await podOk(['cp', 'left:/part/file', `${work}/part`], { root });
  assert.equal(readFileSync(`${work}/part`, 'utf8'), 'two\n');
  await podOk(['cp', 'left:/data/sub/file', `${work}/again`], { root });
  await podOk(['cp', 'left:/srv/file', `${work}/own`], { root });
  assert.equal(readFileSync(`${work}/own`, 'utf8'), 'five\n');
  for (const [path, why] of [
    ['/fast', 'in memory'],
    ['/fast/file', 'in memory'],
    ['fast/../fast/.', 'in memory'],
    ['/conf/a', 'in the manifest'],
    ['/host', '/srv of the host'],
  ]) {
    const { exitCode, stderr } = await pod(['cp', `left:${path}`, `${work}/gone`], { root });
    assert.equal(exitCode, 1, path);
    assert.match(stderr, new RegExp(`ended with the pod[^]*${why}`), path);
  }
  const { stdout } = await pod(['cp', 'left:/data/.', '-'], { root });
  assert.match(stdout, /deep\/er\/file/);
});

test('so is a volume whose size a quota limits, and one that was a file system of its own is told', async () => {
  const text = JSON.stringify({
    ...MANIFEST,
    metadata: { name: 'limited' },
    volumes: [...MANIFEST.volumes, { name: 'limited', kind: 'empty', size: '8Mi' }],
    apps: [{ ...MANIFEST.apps[0], mounts: [...MANIFEST.apps[0]!.mounts, { volume: 'limited', path: '/limited' }] }],
  });
  await podOk(['run', '-'], { root, input: text });
  const { exitCode, stderr } = await pod(['cp', 'limited:/limited/file', `${work}/limited`], { root });
  if (readStoreFacts(root).hasProjectQuota) {
    assert.deepEqual([exitCode, readFileSync(`${work}/limited`, 'utf8')], [0, 'three\n']);
  } else {
    assert.equal(exitCode, 1);
    assert.match(stderr, /ended with the pod[^]*a file system of its own/);
  }
  await podOk(['cp', 'limited:/data/deep', `${work}/deep`], { root });
  assert.equal(readFileSync(`${work}/deep/er/file`, 'utf8'), 'one\n');
});

test('a volume inside one that is gone is told as gone, and everything else is there', async () => {
  const linked = `${root}-link`;
  symlinkSync(root, linked);
  try {
    const mounts = [
      { volume: 'fast', path: '/fast' },
      { volume: 'data', path: '/fast/inner' },
      { volume: 'data', path: '/data' },
    ];
    const exec = ['/bin/sh', '-ec', 'echo one > /data/file; echo own > /srv/own'];
    const app = { name: 'app', image: 'host', exec, mounts };
    const nested = { ...MANIFEST, metadata: { name: 'nested' }, apps: [app] };
    await podOk(['run', '-'], { root, input: JSON.stringify(nested) });
    // By a way that leads over a link, as /var/lib/pod may.
    for (const [path, content] of [
      ['/srv/own', 'own\n'],
      ['/data/file', 'one\n'],
    ] as const) {
      await podOk(['cp', `nested:${path}`, `${work}/copy`], { root: linked });
      assert.equal(readFileSync(`${work}/copy`, 'utf8'), content);
    }
    const { stderr } = await pod(['cp', 'nested:/fast/inner/file', `${work}/copy`], { root });
    assert.match(stderr, /volume "data" ended with the pod[^]*inside another volume/);
  } finally {
    unlinkSync(linked);
  }
});
