import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { MANIFESTS } from '../../harness/paths.ts';
import { pod, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { aciOf, manifestOf } from './aci-fixture.ts';

const root = useTempRoot();
const dir = mkdtempSync('/var/tmp/pod-aci-');
after(() => rmSync(dir, { recursive: true }));

interface Descriptor {
  readonly digest: string;
}

/** The files of an example image, as an ACI has them. */
function unpackRedis(): void {
  const layout = join(MANIFESTS, 'images/redis');
  const blob = ({ digest }: Descriptor): string => join(layout, 'blobs/sha256', digest.replace('sha256:', ''));
  const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'));
  const [first] = (read(join(layout, 'index.json')) as { manifests: Descriptor[] }).manifests;
  mkdirSync(join(dir, 'rootfs'));
  for (const layer of (read(blob(first!)) as { layers: Descriptor[] }).layers)
    execFileSync('tar', ['-x', '-p', '--numeric-owner', '-f', blob(layer), '-C', join(dir, 'rootfs')]);
}

function build(name: string, app: object, more: object = {}): void {
  writeFileSync(join(dir, 'manifest'), manifestOf(app, more));
  execFileSync('tar', ['-c', '-z', '--numeric-owner', '-f', join(dir, name), '-C', dir, 'manifest', 'rootfs']);
}

function write(name: string, app: string, rest = ''): string {
  const head = `apiVersion: pod/v1\nkind: Pod\nmetadata: {name: ${name}}\nnetwork: {mode: none}\n`;
  writeFileSync(join(dir, `${name}.yaml`), `${head}apps:\n  - {name: main, ${app}}\n${rest}`);
  return join(dir, `${name}.yaml`);
}

const say = (text: string): string[] => ['/bin/sh', '-c', `echo ${text} $(id -u)`];
const MOUNTED = 'mounts: [{volume: data, path: /var/lib/redis}]';
const VOLUMES = 'volumes: [{name: data, kind: empty}]\n';

unpackRedis();
build('redis.aci', {
  exec: ['/usr/bin/redis-server', '--bind', '127.0.0.1', '--save', ''],
  user: 'redis',
  group: 'redis',
  workingDirectory: '/var/lib/redis',
  environment: [{ name: 'GREETING', value: 'hello' }],
  eventHandlers: [
    { name: 'pre-start', exec: say('before') },
    { name: 'post-stop', exec: say('after') },
  ],
  isolators: [
    { name: 'resource/memory', value: { limit: '128M' } },
    { name: 'os/linux/capabilities-retain-set', value: { set: ['CAP_CHOWN'] } },
  ],
  mountPoints: [{ name: 'data', path: '/var/lib/redis' }],
  ports: [{ name: 'redis', port: 6379, protocol: 'tcp' }],
});

const WHO = 'echo $(id -u) $(id -un) $(id -gn) $(pwd) $GREETING $(grep CapBnd /proc/self/status)';

test('a server from an ACI runs as its manifest says, with its hooks', async () => {
  const manifest = write('server', `image: aci:redis.aci, ${MOUNTED}, probes: {ready: {tcp: {port: 6379}}}`, VOLUMES);
  await podOk(['run', '-d', manifest], { root });
  await podOk(['wait', 'server', '--for', 'ready', '--timeout', '30s'], { root });
  assert.match(await podOk(['exec', 'server', '--', '/usr/bin/redis-cli', 'ping'], { root }), /PONG/);
  const who = await podOk(['exec', 'server', '--', '/bin/sh', '-c', WHO], { root });
  assert.match(who, /^\d+ redis redis \/var\/lib\/redis hello CapBnd: 0000000000000001$/m);
  await podOk(['update', 'server', '--set', 'app/main/resource/memory.limit=256M'], { root });
  await podOk(['stop', 'server'], { root });
  // What hooks say is on standard error.
  assert.match((await pod(['logs', 'server'], { root })).stderr, /before 0[^]*after 0/);
  const [image] = JSON.parse(await podOk(['image', 'ls', '-o', 'json'], { root })) as { ref: string; digest: string }[];
  const tar = execFileSync('gzip', ['-dc', join(dir, 'redis.aci')], { maxBuffer: 1 << 30 });
  const [hex] = execFileSync('sha512sum', { input: tar, encoding: 'utf8' }).split(' ');
  assert.deepEqual([image!.ref, image!.digest], [`aci:${dir}/redis.aci`, `sha512:${hex}`]);
  await podOk(['rm', 'server'], { root });
});

test('the plan has the limits of the image at its line, and those of the manifest in their place', async () => {
  const limitIn = async (app: string): Promise<string | undefined> => {
    const plan = await podOk(['plan', write('limits', `image: aci:redis.aci, ${MOUNTED}${app}`, VOLUMES)], { root });
    return /^.*limit memory.*$/m.exec(plan)?.[0];
  };
  assert.match((await limitIn(''))!, /limits\.yaml:6.* 128M /);
  assert.match((await limitIn(', isolators: {resource/memory: {limit: 64M}}'))!, /limits\.yaml:6.* 64M /);
});

test('hooks of the image run as the user whom the manifest names', async () => {
  const app = `image: aci:redis.aci, user: "33", exec: [/bin/sh, -c, "${WHO}"], ${MOUNTED}, isolators: {os/linux/capabilities-retain-set: {set: []}}`;
  const { stdout, exitCode } = await pod(['run', write('user', app, VOLUMES)], { root });
  assert.equal(exitCode, 0);
  assert.match(stdout, /^33 www-data www-data [^]*CapBnd: 0{16}$/m);
  assert.match((await pod(['logs', 'user'], { root })).stderr, /before 33[^]*after 33/);
});

test('a mount point without a mount is an error at the line of the image, for plan and for run', async () => {
  const manifest = write('nothing', 'image: aci:redis.aci');
  for (const verb of ['plan', 'run']) {
    const { exitCode, stderr } = await pod([verb, manifest], { root });
    assert.notEqual(exitCode, 0);
    assert.match(stderr, /nothing\.yaml:6:\d+: .*expects a volume at "\/var\/lib\/redis"/);
    assert.match(stderr, /path: \/var\/lib\/redis/);
  }
});

test('a lock pins the image ID, and an ACI that has changed is another image', async () => {
  const at = join(dir, 'locked');
  mkdirSync(at);
  const app = { exec: ['/bin/app'], user: '0', group: '0' };
  const file = { path: 'bin/app', mode: 0o755, content: '#!/bin/sh\n' };
  writeFileSync(join(at, 'a.aci'), aciOf(manifestOf(app), file));
  const text = 'apiVersion: pod/v1\nkind: Pod\nmetadata: {name: a}\napps: [{name: a, image: "aci:a.aci"}]\n';
  writeFileSync(join(at, 'a.yaml'), text);
  await podOk(['lock', at], { root });
  assert.match(readFileSync(join(at, 'pod.lock'), 'utf8'), /"aci:a\.aci": \{\s*"[a-z0-9/]+": "sha512:[0-9a-f]{128}"/);
  await podOk(['plan', join(at, 'a.yaml')], { root });
  await podOk(['lock', '--check', at], { root });
  writeFileSync(join(at, 'a.aci'), aciOf(manifestOf(app), { ...file, content: '#!/bin/bash\n' }));
  const { exitCode, stderr } = await pod(['plan', join(at, 'a.yaml')], { root });
  assert.notEqual(exitCode, 0);
  assert.match(stderr, /pod\.lock/);
});

test('what an image may not decide is refused with all the reasons, and granted by the manifest', async () => {
  const isolators = [
    { name: 'os/linux/no-new-privileges', value: false },
    { name: 'os/linux/capabilities-retain-set', value: { set: ['CAP_SYS_ADMIN'] } },
  ];
  const file = { path: 'bin/app', mode: 0o755, content: '#!/bin/sh\n' };
  writeFileSync(join(dir, 'greedy.aci'), aciOf(manifestOf({ isolators }), file));
  const { stderr } = await pod(['plan', write('greedy', 'image: aci:greedy.aci')], { root });
  assert.match(stderr, /no-new-privileges[^]*CAP_SYS_ADMIN/);
  const granted =
    'isolators: {os/linux/no-new-privileges: false, os/linux/capabilities-retain-set: {set: [CAP_SYS_ADMIN]}}';
  await podOk(['plan', write('granted', `image: aci:greedy.aci, ${granted}`)], { root });
});
