import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodError, PodErrors } from '../../../stages/stage0/error.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { type Json, sh, startShellPod, trySh } from './shell-pod.ts';

const root = useTempRoot();

test('an empty volume is shared by the apps that mount it, each in its own place and way', async () => {
  await using pod = await startShellPod(root, {
    volumes: [{ name: 'data', kind: 'empty' }],
    app: { mounts: [{ volume: 'data', path: '/here' }] },
    apps: [{ name: 'reader', mounts: [{ volume: 'data', path: '/srv/there', readOnly: true }] }],
  });
  assert.equal(await sh(pod, 'ls -A /here; echo hello >/here/file'), '');
  assert.equal(await sh(pod, 'cat /srv/there/file', 'reader'), 'hello');
  assert.match((await trySh(pod, 'echo x >/srv/there/file', 'reader')).stdout, /Read-only file system/);
  assert.equal(await sh(pod, 'stat -c %u:%a /here'), '0:777');
});

test('a memory volume holds no more than its size', async () => {
  await using pod = await startShellPod(root, {
    volumes: [{ name: 'cache', kind: 'empty', medium: 'memory', size: '1Mi' }],
    app: { mounts: [{ volume: 'cache', path: '/cache' }] },
  });
  await sh(pod, 'head -c 900000 /dev/zero >/cache/fits');
  assert.match((await trySh(pod, 'head -c 900000 /dev/zero >/cache/too-much')).stdout, /No space left/);
  assert.equal(await sh(pod, 'stat -f -c %T /cache'), 'tmpfs');
});

test('an inline volume holds its files and nobody can change them', async () => {
  await using pod = await startShellPod(root, {
    volumes: [{ name: 'conf', kind: 'inline', files: { 'app.conf': 'listen 80;\n', 'deep/er/b': 'b' } }],
    app: {
      mounts: [
        { volume: 'conf', path: '/conf' },
        { volume: 'conf', path: '/etc/one.conf', subPath: 'app.conf' },
      ],
    },
  });
  assert.equal(await sh(pod, 'cat /conf/app.conf /conf/deep/er/b /etc/one.conf'), 'listen 80;\nblisten 80;');
  for (const line of ['echo x >/conf/app.conf', 'rm /conf/app.conf', 'echo x >/conf/new', 'echo x >/etc/one.conf'])
    assert.match((await trySh(pod, line)).stdout, /Read-only file system|Device or resource busy/, line);
});

test('mounts below other mounts are all there, in whatever order the manifest has them', async () => {
  await using pod = await startShellPod(root, {
    volumes: ['a', 'b', 'c'].map((name) => ({ name, kind: 'empty' })),
    app: {
      mounts: [
        { volume: 'c', path: '/srv/x/y/z' },
        { volume: 'a', path: '/srv' },
        { volume: 'b', path: '/srv/x/y' },
      ],
    },
  });
  await sh(pod, 'echo a >/srv/f; echo b >/srv/x/y/f; echo c >/srv/x/y/z/f');
  const mounted = await sh(pod, "awk '$5 ~ /^.srv/ {print $5}' /proc/self/mountinfo");
  assert.deepEqual(mounted.split('\n'), ['/srv', '/srv/x/y', '/srv/x/y/z']);
  assert.equal(await sh(pod, 'cat /srv/f /srv/x/y/f /srv/x/y/z/f'), 'a\nb\nc');
});

test('a mount below a link of the image lands where the link leads', async () => {
  await using pod = await startShellPod(root, {
    volumes: [{ name: 'run', kind: 'empty' }],
    app: { mounts: [{ volume: 'run', path: '/var/run/app' }] },
  });
  assert.equal(await sh(pod, 'readlink /var/run; echo x >/run/app/file; cat /var/run/app/file'), '/run\nx');
});

test('a subPath shows only that part of the volume', async () => {
  await using pod = await startShellPod(root, {
    volumes: [{ name: 'conf', kind: 'inline', files: { 'public/a': 'a', 'private/b': 'b' } }],
    app: { mounts: [{ volume: 'conf', path: '/conf', subPath: 'public' }] },
  });
  assert.equal(await sh(pod, 'ls /conf; ls /conf/..| grep -c private || true'), 'a\n0');
});

test('a subPath of an empty volume is made, and every user of the pod may write there', async () => {
  await using pod = await startShellPod(root, {
    volumes: [
      { name: 'disk', kind: 'empty' },
      { name: 'memory', kind: 'empty', medium: 'memory' },
    ],
    app: {
      user: '65534',
      mounts: [
        { volume: 'disk', path: '/one', subPath: 'a/b' },
        { volume: 'disk', path: '/two', subPath: 'a' },
        { volume: 'memory', path: '/three', subPath: 'c' },
      ],
    },
  });
  const script = 'echo x >/one/file; echo y >/three/file; cat /two/b/file; stat -c "%a %u" /one /two /three';
  assert.equal(await sh(pod, script), 'x\n777 0\n777 0\n777 0');
});

test('volumes let in neither setuid programs nor devices', async () => {
  await using pod = await startShellPod(root, {
    volumes: [
      { name: 'disk', kind: 'empty' },
      { name: 'memory', kind: 'empty', medium: 'memory' },
      { name: 'inline', kind: 'inline', files: { a: 'a' } },
    ],
    app: { mounts: ['disk', 'memory', 'inline'].map((volume) => ({ volume, path: `/v/${volume}` })) },
  });
  const options = await sh(pod, "awk '$5 ~ /^.v./ {print $5, $6}' /proc/self/mountinfo");
  for (const line of options.split('\n')) assert.match(line, /nosuid,nodev/);
  assert.equal(options.split('\n').length, 3);
  assert.match(options, /^\/v\/inline .*nosymfollow/m);
});

test('a mount that finds no place, or one of the other kind, says what is in its way', async () => {
  const conf = { name: 'conf', kind: 'inline', files: { 'there/a': '' } };
  const hintOf = async (path: string, more: readonly Json[] = []): Promise<string> => {
    const mounts = [{ volume: 'data', path }, ...more];
    const app = { mounts };
    const refused = await startShellPod(root, { volumes: [{ name: 'data', kind: 'empty' }, conf], app }).then(
      () => undefined,
      (error: unknown) => error,
    );
    assert.ok(refused instanceof PodError && refused.code === 'pod/start-failed' && refused.at, String(refused));
    return refused.hint ?? '';
  };
  const below = [{ volume: 'conf', path: '/conf' }];
  assert.match(await hintOf('/conf/new', below), /volume "conf", mounted on "\/conf"/);
  assert.match(await hintOf('/dev/new'), /\/dev, which is read-only/);
  assert.match(await hintOf('/etc/passwd'), /a directory can be mounted only on a directory/);
  await using pod = await startShellPod(root, {
    volumes: [{ name: 'data', kind: 'empty' }, conf],
    app: { mounts: [{ volume: 'data', path: '/conf/there' }, ...below] },
  });
  assert.equal(await sh(pod, 'echo x >/conf/there/x; ls /conf/there'), 'x');
});

test('a mount on a place the kernel owns is refused with its line', async () => {
  for (const path of ['/proc', '/proc/sys', '/sys/kernel', '/dev', '/']) {
    const start = startShellPod(root, {
      volumes: [{ name: 'v', kind: 'empty' }],
      app: { mounts: [{ volume: 'v', path }] },
    });
    await assert.rejects(
      start.then((pod) => pod.remove()),
      (error) => error instanceof PodErrors && error.errors.every(({ at }) => at !== undefined),
      path,
    );
  }
});
