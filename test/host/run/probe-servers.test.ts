import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { run } from '../../../stages/stage0/index.ts';
import type { Pod } from '../../../stages/stage0/index.ts';
import { MANIFESTS } from '../../harness/paths.ts';
import { pod as cli, podOk } from '../../harness/pod-cli.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { messageOf, QUICK, sh, untilApp, untilReady } from '../stage1/probes.ts';

const root = useTempRoot();
const LONG = { ...QUICK, period: '200ms' };

type Json = Record<string, unknown>;

interface Manifest extends Json {
  metadata: Json;
  volumes: { name: string; files: Record<string, string> }[];
  apps: Json[];
}

function readManifest(name: string): Manifest {
  return parse(readFileSync(join(MANIFESTS, `${name}.pod.yaml`), 'utf8')) as Manifest;
}

/** The example with these probes in its first app, and only that app. */
function startExample(manifest: Manifest, name: string, probes: Json): Promise<Pod> {
  const app = { ...manifest.apps[0], probes, ports: [{ name: 'main', port: 80 }] };
  return run({ ...manifest, metadata: { name }, apps: [app] }, { root, baseDir: MANIFESTS });
}

test('nginx is ready when it answers, by host and header, and not while it says 503', async () => {
  const manifest = readManifest('web');
  const conf = manifest.volumes.find(({ name }) => name === 'conf')!;
  const rule = 'if (-e /run/closed) { return 503; } if ($http_x_probe != "yes") { return 400; }';
  conf.files = {
    'nginx.conf': conf.files['nginx.conf']!.replace('listen 80;', `listen 80; server_name shop; ${rule}`),
  };
  const http = { port: 'main', path: '/index.html?x=1', host: '::1', headers: { Host: 'shop', 'X-Probe': 'yes' } };
  const live = { http: { port: 80 }, ...LONG, failures: 1000 };
  await using pod = await startExample(manifest, 'nginx', { ready: { http, ...LONG }, live });
  await untilReady(root, pod, 'nginx');
  await untilApp(root, pod, 'nginx', (app) => messageOf(app, 'live') === 'status 400');
  await pod.exec(['/bin/touch', '/run/closed']);
  assert.equal(messageOf(await untilReady(root, pod, 'nginx', false)), 'status 503');
  await pod.exec(['/bin/rm', '/run/closed']);
  await untilReady(root, pod, 'nginx');
});

test('redis is asked by a connection, and by its own client', async () => {
  const probes = {
    start: { tcp: { port: 6379 }, ...LONG, failures: 100 },
    ready: { exec: ['redis-cli', 'ping'], ...LONG },
  };
  await using pod = await startExample(readManifest('redis'), 'cache', probes);
  await untilReady(root, pod, 'server');
  await pod.stop();
  assert.equal(pod.status()?.exitCode, 0);
});

test('postgres is ready when pg_isready says so, and not before', async () => {
  const ready = { exec: ['pg_isready', '-h', '/tmp'], ...LONG };
  await using pod = await startExample(readManifest('postgres'), 'database', { ready });
  const before = await untilApp(root, pod, 'postgres', ({ probes }) => probes.length > 0);
  assert.match(messageOf(before) ?? '', /^exit code 2: \/tmp:5432 - no response/);
  await untilReady(root, pod, 'postgres');
  const { stdout } = await pod.exec(['psql', '-h', '/tmp', '-Atc', 'select 1']);
  assert.equal(stdout.trim(), '1');
});

test('a server on the pod’s own address is found by the pod’s hostname, in every network mode', async () => {
  const serve =
    "require('node:dns').lookup('own', 4, (error, ip) => require('node:net').createServer().listen(7200, ip))";
  for (const mode of ['bridge', 'none', 'host']) {
    const ready = { tcp: { port: 7200, host: 'own' }, ...LONG };
    const apps = [
      { name: 'a', image: 'host', exec: ['node', '-e', serve], probes: { ready } },
      { name: 'b', image: 'host', exec: ['sleep', '100000'], probes: { ready: { tcp: { port: 7200 }, ...LONG } } },
    ];
    const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'own' }, network: { mode }, apps };
    await using pod = await run(manifest, { root });
    await untilReady(root, pod, 'a');
    if (mode === 'bridge') await untilReady(root, pod, 'b', false);
    else await untilReady(root, pod, 'b');
  }
});

test('ps and status show what is not ready, and why', async () => {
  const ready = sh('echo no luck; exit 1');
  const apps = [{ name: 'a', image: 'host', exec: ['sleep', '100000'], probes: { ready } }];
  const manifest = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name: 'shown' }, network: { mode: 'none' }, apps };
  await using pod = await run(manifest, { root });
  await untilReady(root, pod, 'a', false);
  assert.match(await podOk(['ps'], { root }), /shown\s+running \(not ready\)/);
  assert.match(await podOk(['status', 'shown'], { root }), /a\s+ready\s+fails\s+\d+s\s+exit code 1: no luck/);
  const [listed] = JSON.parse(await podOk(['ps', '-o', 'json'], { root })) as { apps: { ready: boolean }[] }[];
  assert.equal(listed?.apps[0]?.ready, false);
});

test('pod wait --for ready waits for the probes', async () => {
  const ready = sh('test -e /ready');
  const apps = [{ name: 'a', image: 'host', exec: ['sleep', '100000'], probes: { ready } }];
  const manifest = {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'awaited' },
    network: { mode: 'none' },
    apps,
  };
  await using pod = await run(manifest, { root });
  const { exitCode } = await cli(['wait', 'awaited', '--for', 'ready', '--timeout', '300ms'], { root });
  assert.equal(exitCode, 1);
  await pod.exec(['touch', '/ready']);
  await podOk(['wait', 'awaited', '--for', 'ready', '--timeout', '20s'], { root });
});
