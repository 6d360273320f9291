import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { test } from 'node:test';
import { environment, exec, PodError, PodErrors } from '../../../stages/stage0/test.ts';
import { podErrorsOf } from '../../../stages/stage0/error.ts';
import { podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { ask, serverPod, shellPod } from './manifests.ts';

const root = useTempRoot();
const stack = environment('shop', { root, manifests: [serverPod('api'), shellPod('client', 'sleep 1000')] });

function hear(host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect({ host, port });
    socket.on('data', (data) => (text += String(data))).on('end', () => resolve(text));
    socket.on('error', reject);
  });
}

function leftPods(): string[] {
  return ['prepare', 'run', 'exited', 'garbage'].flatMap((state) => readdirSync(`${root}/pods/${state}`));
}

test('a clone is ready: the test dials its pods, and they know each other by name', async () => {
  await using e = await stack.clone();
  const [api, client] = [e.pods['api']!, e.pods['client']!];
  assert.equal(await hear(api.ip, 8080), 'api');
  assert.equal((await client.exec(ask('api', 8080))).stdout, 'api:0\n');
  assert.equal((await client.exec(ask(api.ip, 8080))).stdout, 'api:0\n');
  const identity = ['/bin/sh', '-c', 'hostname; echo $TZ $SOURCE_DATE_EPOCH; cat /etc/machine-id'];
  const [name, times, machineId] = (await client.exec(identity)).stdout.split('\n');
  assert.deepEqual([name, times], ['client', 'UTC 1577836800']);
  assert.match(machineId!, /^[0-9a-f]{32}$/);
  const other = await api.exec(['/bin/cat', '/etc/machine-id']);
  assert.notEqual(other.stdout.trim(), machineId);
});

test('one clone after the other has the same addresses and identity; nothing is left of the first', async () => {
  const seen: string[] = [];
  for (let i = 0; i < 3; i++) {
    await using e = await stack.clone();
    const { stdout } = await e.pods['client']!.exec(['/bin/cat', '/etc/machine-id', '/etc/hosts']);
    seen.push(`${e.pods['api']!.ip} ${stdout}`);
    assert.equal(await hear(e.pods['api']!.ip, 8080), 'api');
  }
  assert.equal(new Set(seen).size, 1);
  assert.deepEqual(leftPods(), []);
  for (const kind of readdirSync(`${root}/claims`)) assert.deepEqual(readdirSync(`${root}/claims/${kind}`), [], kind);
});

test('clones run side by side, each with its own addresses and files', async () => {
  const clones = await Promise.all(Array.from({ length: 4 }, () => stack.clone()));
  try {
    const ips = clones.map(({ pods }) => pods['api']!.ip);
    assert.equal(new Set(ips).size, clones.length);
    assert.deepEqual(await Promise.all(ips.map((ip) => hear(ip, 8080))), ['api', 'api', 'api', 'api']);
    const own = clones.map(({ pods }) => pods['client']!.files);
    own.forEach((files, i) => files.write('/tmp/number', String(i)));
    assert.deepEqual(
      own.map((files) => files.read('/tmp/number').toString()),
      ['0', '1', '2', '3'],
    );
    assert.match(await podOk(['ps'], { root }), /shop-[0-9a-f]{6}-api/);
  } finally {
    await Promise.all(clones.map((clone) => clone.dispose()));
  }
});

test('reset forgets what was written, and keeps addresses and connections working', async () => {
  await using e = await stack.clone();
  const [api, client] = [e.pods['api']!, e.pods['client']!];
  const before = [api.ip, client.ip, api.uuid];
  client.files.write('/root/mark', 'x');
  await client.exec(ask('api', 8080));
  await e.reset();
  assert.deepEqual([api.ip, client.ip], before.slice(0, 2));
  assert.notEqual(api.uuid, before[2]);
  assert.equal((await client.exec(['/bin/ls', '/root/mark'])).exitCode, 2);
  assert.equal(await hear(api.ip, 8080), 'api');
  assert.equal((await client.exec(ask('api', 8080))).stdout, 'api:0\n');
});

test('pods whose names are numbers keep their places in a reset', async () => {
  const names = ['b', '2', '1'];
  const manifests = names.map((name) => shellPod(name, 'sleep 1000'));
  await using e = await environment('numbers', { root, manifests }).clone();
  const look = async (): Promise<string[]> =>
    Promise.all(
      names.map(async (name) => `${e.pods[name]!.ip} ${(await e.pods[name]!.exec(['/bin/hostname'])).stdout}`),
    );
  const before = await look();
  assert.deepEqual(
    before.map((line) => line.split(' ')[1]),
    ['b\n', '2\n', '1\n'],
  );
  await e.reset();
  assert.deepEqual(await look(), before);
});

test('files are read and written inside the pod only, whatever a link says', async () => {
  await using e = await stack.clone();
  const pod = e.pods['client']!;
  const { files } = pod;
  await pod.exec(['/bin/ln', '-s', '/etc/hostname', '/tmp/link']);
  await pod.exec(['/bin/ln', '-s', '/proc/1/environ', '/tmp/kernel']);
  assert.equal(files.read('/tmp/link').toString(), 'client\n');
  assert.throws(() => files.read('/tmp/kernel'), codeIs('host/refused'));
  files.write('/srv/new', 'made', { mode: 0o600 });
  assert.equal((await pod.exec(['/usr/bin/stat', '-c', '%u:%g %a', '/srv/new'])).stdout, '0:0 600\n');
});

test('what cannot be written changes no file, and a name with a NUL is none', async () => {
  await using e = await stack.clone();
  const pod = e.pods['client']!;
  const { files } = pod;
  files.write('/srv/kept', 'kept');
  const wrong: readonly (() => unknown)[] = [
    () => files.write('/srv/kept', undefined as never),
    () => files.write('/srv/kept', 5 as never),
    () => files.write('/srv/kept', 'x', { mode: Number.NaN }),
    () => files.write('/srv/kept', 'x', { mod: 0o600 } as never),
    () => files.write('/srv/kept\0more', 'x'),
    () => files.write('', 'x'),
    () => files.read('/srv/kept\0more'),
    () => files.read('/srv/kept', { encoding: 'utf8' } as never),
  ];
  for (const call of wrong)
    assert.throws(call, (error) => podErrorsOf(error).every(({ code }) => code === 'test/options'));
  assert.equal(files.read('/srv/kept').toString(), 'kept');
  await pod.exec(['/usr/bin/truncate', '-s', '3G', '/srv/large']);
  assert.throws(() => files.read('/srv/large'), codeIs('host/refused'));
});

test('a file is made where the kernel knows the ids of the pod alone: in a volume in memory, and in /dev/shm', async () => {
  const mounted = { mounts: [{ volume: 'data', path: '/data' }] };
  const pod = shellPod('app', 'sleep 1000', mounted, { volumes: [{ name: 'data', kind: 'empty' }] });
  await using e = await environment('memory', { root, manifests: [pod] }).clone();
  const app = e.pods['app']!;
  const { files } = app;
  await app.exec(['/bin/sh', '-c', 'mkdir -m 700 /data/closed; chown 33:33 /data/closed; ln -s made /data/link']);
  files.write('/data/link', 'one', { mode: 0o666 });
  files.write('/data/link', 'two', { mode: 0o600 });
  files.write('/data/closed/in', 'three', { mode: 0o4755 });
  files.write('/dev/shm/four', 'four');
  const { stdout } = await app.exec([
    '/bin/sh',
    '-c',
    'cd /data; stat -c "%n %u:%g %a" made closed/in /dev/shm/four; cat made closed/in',
  ]);
  assert.equal(stdout, 'made 0:0 666\nclosed/in 0:0 4755\n/dev/shm/four 0:0 644\ntwothree');
});

test('a command that is none, and a setting that there is not, are refused', async () => {
  await using e = await stack.clone();
  const { client } = e.pods;
  await assert.rejects(client!.exec('ls' as unknown as string[]), codeIs('test/options'));
  await assert.rejects(client!.exec([]), codeIs('test/options'));
  await assert.rejects(client!.exec(['/bin/ls'], { timeout: 7 } as object), (error) => error instanceof PodErrors);
  assert.throws(() => exec([]), codeIs('test/options'));
});

test('a pod that somebody else removes is gone with its environment', async () => {
  await using e = await stack.clone();
  await podOk(['rm', '--force', e.pods['client']!.podName], { root });
  assert.equal(e.pods['client']!.status()?.state, 'exited');
  await e.dispose();
  assert.deepEqual(leftPods(), []);
});

test('what is wrong is told at once, by place, and nothing is started', () => {
  const bad = {
    root,
    manifests: [
      shellPod('web', 'true', {}, { network: { mode: 'host' } }),
      shellPod('web', 'true', {}, { volumes: [{ name: 'src', kind: 'host', source: '/srv' }] }),
      'no/such/*.pod.yaml',
    ],
  };
  assert.throws(
    () => environment('shop', bad),
    (error) => {
      assert.ok(error instanceof PodErrors);
      const codes = error.errors.map(({ code }) => code).toSorted();
      assert.deepEqual(codes, ['manifest/duplicate', 'manifest/unsupported', 'manifest/unsupported', 'test/options']);
      return error.errors.filter(({ at }) => at !== undefined).length === 3;
    },
  );
  assert.throws(() => environment('Not a name', { root, manifests: [] }), codeIs('test/options'));
});

function codeIs(code: string): (error: unknown) => boolean {
  return (error) => error instanceof PodError && error.code === code;
}
