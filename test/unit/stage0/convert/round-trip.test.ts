import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse, stringify } from 'yaml';
import { convertManifest } from '../../../../stages/stage0/convert/convert.ts';
import { parseManifest } from '../../../../stages/stage0/manifest/parse.ts';
import { MANIFESTS } from '../../../harness/paths.ts';
import { kubeOf } from './kube-case.ts';

type Json = Record<string, unknown>;

const EXAMPLES = ['', 'examples/shop/'].flatMap((folder) =>
  readdirSync(join(MANIFESTS, folder))
    .filter((name) => name.endsWith('.pod.yaml'))
    .map((name) => `${folder}${name}`),
);

/** What Kubernetes cannot say of each, beside its images. */
const LOST: Readonly<Record<string, readonly string[]>> = {
  'hello.pod.yaml': ['apps[0].isolators["resource/pids"]'],
  'postgres.pod.yaml': [
    'network.mode',
    'apps[0].user',
    'apps[0].probes.ready.period',
    'apps[0].restart.maxRetries',
    'apps[0].stop.signal',
  ],
  'redis.pod.yaml': ['network.mode', 'apps[0].user', 'apps[0].probes.ready.period', 'apps[1].user', 'apps[1].after[0]'],
  'registry.pod.yaml': ['apps[0].probes.ready.period'],
  'web.pod.yaml': [
    'apps[0].isolators["resource/pids"]',
    'apps[0].probes.ready.period',
    'apps[0].stop.signal',
    'isolators["resource/memory"]',
  ],
  'examples/shop/cache.pod.yaml': ['apps[0].user'],
  'examples/shop/db.pod.yaml': ['apps[0].user', 'apps[0].stop.signal'],
};

/** What the manifest means, whatever its text is. */
function meaningOf(text: string): unknown {
  const { spec, errors } = parseManifest(text, 'pod.yaml', { baseDir: '/base' });
  assert.deepEqual(
    errors.map(({ message }) => message),
    [],
  );
  const plain = JSON.parse(
    JSON.stringify(spec, (key, value: unknown) => (key === 'manifest' || /^(at|.*At)$/.test(key) ? undefined : value)),
  ) as { apps: { isolators: { name: string; value: unknown }[] }[] };
  for (const app of plain.apps) {
    // True is what holds without it.
    app.isolators = app.isolators
      .filter(({ name, value }) => name !== 'os/linux/no-new-privileges' || value !== true)
      .toSorted((a, b) => a.name.localeCompare(b.name));
  }
  return plain;
}

/** Takes a field away, and what becomes empty by that. A period is rounded up. */
function remove(value: Json, path: readonly string[]): void {
  const [key, ...rest] = path as [string, ...string[]];
  if (rest.length > 0) remove(value[key] as Json, rest);
  else if (key === 'period') value[key] = '1s';
  else if (Array.isArray(value)) value.splice(Number(key), 1);
  else delete value[key];
  const child = value[key];
  if (typeof child === 'object' && child !== null && Object.keys(child).length === 0) delete value[key];
}

function pathOf(field: string): string[] {
  return [...field.matchAll(/\["([^"]+)"\]|\[(\d+)\]|([^.[]+)/g)].map((match) => match.slice(1).find(Boolean)!);
}

test('there is an expectation of every example', () => {
  assert.deepEqual(EXAMPLES.toSorted(), Object.keys(LOST).toSorted());
});

for (const example of EXAMPLES) {
  test(`${example} comes back from Kubernetes, but for what it cannot say`, async () => {
    const original = parse(readFileSync(join(MANIFESTS, example), 'utf8')) as { apps: { image: string }[] };
    for (const app of original.apps) app.image = 'docker://registry.example/team/app:1';
    const { configMaps, pod, lost } = await kubeOf(stringify(original));
    assert.deepEqual(lost, LOST[example]);
    const kube = [...configMaps, pod].map((object) => stringify(object)).join('---\n');
    const back = await convertManifest(kube, 'kube.yaml');
    assert.deepEqual([...back.errors, ...back.lost, ...back.warnings], []);
    for (const field of lost) remove(original as unknown as Json, pathOf(field));
    assert.deepEqual(meaningOf(stringify(back.manifest)), meaningOf(stringify(original)));
  });
}

const WHOLE = {
  apiVersion: 'pod/v1',
  kind: 'Pod',
  metadata: { name: 'web', labels: { 'a/b': 'c' }, annotations: { x: 'y z' } },
  hostname: 'h',
  userns: 'auto',
  volumes: [
    { name: 'e', kind: 'empty', medium: 'memory', size: '1Mi' },
    { name: 'h', kind: 'host', source: '/srv' },
    { name: 'i', kind: 'inline', files: { 'd/e': '$(A)\n', f: '' } },
  ],
  apps: [
    { name: 'first', image: 'docker://r.io/a:1', exec: ['init'] },
    {
      name: 'a',
      image: 'docker://r.io/a:1',
      exec: ['x', '$(A) $$ $(B)'],
      user: 5,
      group: 6,
      env: { A: '$(B)', B: '$$(A)' },
      workingDirectory: '/w',
      readOnlyRootFS: true,
      tty: true,
      mounts: [
        { volume: 'e', path: '/e', subPath: 's' },
        { volume: 'i', path: '/i', readOnly: true },
      ],
      ports: [{ name: 'http', port: 80, hostPort: 81, hostIP: '127.0.0.1' }],
      isolators: {
        'resource/cpu': { request: '1', limit: 2 },
        'resource/memory': { limit: '64Mi' },
        'resource/ephemeral-storage': { limit: '1Gi' },
        'os/linux/no-new-privileges': false,
        'os/linux/capabilities-remove-set': { set: ['CAP_KILL'] },
        'os/linux/seccomp-retain-set': { set: ['@appc.io/all'] },
      },
      after: [{ app: 'first', condition: 'completed' }],
      probes: {
        start: { exec: ['y', '$(A)'], failures: 9 },
        ready: { http: { port: 'http', path: '/p', headers: { A: 'b' } }, successes: 2, timeout: '3s' },
        live: { grpc: { port: 9, service: 's' }, initialDelay: '60s' },
      },
      hooks: { postStart: ['$(A)'], preStop: ['q'] },
    },
    {
      name: 'b',
      image: 'docker://r.io/b',
      mounts: [{ volume: 'h', path: '/h' }],
      after: [{ app: 'first', condition: 'completed' }],
    },
  ],
  isolators: { 'os/linux/sysctl': { 'net.core.somaxconn': '5' } },
};

test('everything that Kubernetes can say comes back', async () => {
  const text = stringify(WHOLE);
  const { configMaps, pod, lost } = await kubeOf(text);
  assert.deepEqual(lost, []);
  const back = await convertManifest([...configMaps, pod].map((object) => stringify(object)).join('---\n'), 'k');
  assert.deepEqual([...back.errors, ...back.lost], []);
  assert.deepEqual(meaningOf(stringify(back.manifest)), meaningOf(text));
});
