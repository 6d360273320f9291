import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseManifest } from '../../../../stages/stage0/manifest/parse.ts';
import type { PodSpec } from '../../../../stages/stage0/manifest/spec.ts';
import { frozenSources, normalise } from '../../../../stages/stage0/sets/normalise.ts';

function spec(text: string): PodSpec {
  const parsed = parseManifest(text, 'x.yaml', { baseDir: '/srv' });
  assert.deepEqual(parsed.errors, []);
  return parsed.spec!;
}

function form(text: string): string {
  return JSON.stringify(normalise(spec(text)));
}

const HEAD = 'apiVersion: pod/v1\nkind: Pod\n';
const pod = (rest: string, app = ''): string =>
  `${HEAD}metadata: {name: web${rest}}\napps: [{name: a, image: host, exec: [/bin/a]${app}}]\n`;

const SAME: readonly (readonly [string, string, string])[] = [
  [
    'a comment and another layout',
    pod(''),
    `# hello\n${HEAD}metadata:\n  name: web\napps:\n  - {exec: [/bin/a], image: host, name: a}\n`,
  ],
  [
    'a default that is written',
    pod(''),
    pod('', ', readOnlyRootFS: false, stop: {grace: 10s}, restart: {policy: never}'),
  ],
  [
    'another unit of memory',
    pod('', ', isolators: {resource/memory: {limit: 1Gi}}'),
    pod('', ', isolators: {resource/memory: {limit: 1024Mi}}'),
  ],
  [
    'another unit of cpu',
    pod('', ', isolators: {resource/cpu: {limit: 500m}}'),
    pod('', ', isolators: {resource/cpu: {limit: 0.5}}'),
  ],
  ['another order of fields', pod('', ', env: {A: x, B: y}'), pod('', ', env: {B: y, A: x}')],
  [
    "appc's list of isolators",
    pod('', ', isolators: {resource/pids: {limit: 9}}'),
    pod('', ', isolators: [{name: resource/pids, value: {limit: 9}}]'),
  ],
  ['another duration', pod('', ', stop: {grace: 60s}'), pod('', ', stop: {grace: 1m}')],
  [
    'how it is brought about',
    pod(''),
    pod(', annotations: {pod/depends-on: db, pod/strategy: start-first, pod/min-ready-seconds: "3"}'),
  ],
];

for (const [what, one, other] of SAME) {
  test(`${what} makes no other pod`, () => assert.equal(form(one), form(other)));
}

const OTHER: readonly (readonly [string, string])[] = [
  ['a label', pod(', labels: {a: b}')],
  ['an annotation', pod(', annotations: {a: b}')],
  ['a value of env', pod('', ', env: {A: x}')],
  ['a limit', pod('', ', isolators: {resource/memory: {limit: 1Gi}}')],
  ['an empty set of capabilities', pod('', ', isolators: {os/linux/capabilities-retain-set: {set: []}}')],
  ['the restart policy', pod('', ', restart: {policy: always}')],
  ['a probe', pod('', ', probes: {ready: {tcp: {port: 80}}}')],
  ['the command', pod('').replace('/bin/a', '/bin/b')],
  ['a word more', pod('').replace('[/bin/a]', '[/bin/a, ""]')],
];

for (const [what, text] of OTHER) {
  test(`${what} makes another pod`, () => assert.notEqual(form(text), form(pod(''))));
}

test('places are nowhere in the form, and what is inline is', () => {
  const text = `${HEAD}metadata: {name: web}\nvolumes: [{name: v, kind: inline, files: {at: hello}}]\napps: [{name: a, image: host, exec: [/x], env: {at: here}, mounts: [{volume: v, path: /v}]}]\n`;
  const all = form(text);
  assert.doesNotMatch(all, /x\.yaml|"col"|"line"/);
  assert.match(all, /"env":\{"at":"here"\}/);
  assert.match(all, /"files":\{"at":"hello"\}/);
});

test('files that the pod gets read-only count with their contents', () => {
  const text = (volume: string, mount: string): string =>
    `${HEAD}metadata: {name: web}\nvolumes: [{name: v, kind: host, source: ./conf${volume}}]\napps: [{name: a, image: host, exec: [/x], mounts: [{volume: v, path: /v${mount}}]}]\n`;
  assert.deepEqual(frozenSources(spec(text(', readOnly: true', ''))), ['/srv/conf']);
  assert.deepEqual(frozenSources(spec(text('', ', readOnly: true'))), ['/srv/conf']);
  assert.deepEqual(frozenSources(spec(text('', ''))), []);
});
