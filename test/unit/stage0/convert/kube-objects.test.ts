import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { convertManifest } from '../../../../stages/stage0/convert/convert.ts';
import { CONTAINER, converted, kubePod, refused } from './convert-case.ts';

const TEMPLATE = { metadata: { labels: { app: 'web' } }, spec: { containers: [CONTAINER] } };

function workload(apiVersion: string, kind: string, spec: object, metadata: object = {}): object {
  return { apiVersion, kind, metadata: { name: 'web', ...metadata }, spec: { template: TEMPLATE, ...spec } };
}

function documents(...objects: object[]): string {
  return objects.map((object) => stringify(object)).join('---\n');
}

const WORKLOADS: readonly (readonly [apiVersion: string, kind: string, spec: object, annotations?: object])[] = [
  ['apps/v1', 'Deployment', { replicas: 1, selector: { matchLabels: { app: 'web' } } }],
  ['apps/v1', 'Deployment', { strategy: { type: 'Recreate' } }, { 'pod/strategy': 'replace' }],
  ['apps/v1', 'Deployment', { strategy: { type: 'RollingUpdate' } }, { 'pod/strategy': 'start-first' }],
  ['apps/v1', 'Deployment', { minReadySeconds: 5 }, { 'pod/min-ready-seconds': '5' }],
  ['apps/v1', 'StatefulSet', { podManagementPolicy: 'OrderedReady' }],
  ['apps/v1', 'DaemonSet', { selector: {} }],
  ['batch/v1', 'Job', { completions: 1, parallelism: 1, suspend: false, completionMode: 'NonIndexed' }],
];

for (const [apiVersion, kind, spec, annotations] of WORKLOADS) {
  test(`the pod of a ${kind} with ${JSON.stringify(spec)}`, async () => {
    const { manifest, lost } = await converted(documents(workload(apiVersion, kind, spec)));
    assert.deepEqual(lost, []);
    assert.deepEqual(manifest['metadata'], {
      name: 'web',
      labels: { app: 'web' },
      ...(annotations ? { annotations } : {}),
    });
    assert.equal(manifest.apps.length, 1);
  });
}

const LOST: readonly (readonly [apiVersion: string, kind: string, spec: object, field: string])[] = [
  ['apps/v1', 'Deployment', { replicas: 3 }, 'replicas'],
  ['apps/v1', 'Deployment', { paused: true }, 'paused'],
  ['apps/v1', 'Deployment', { strategy: { rollingUpdate: { maxSurge: 1 } } }, 'strategy.rollingUpdate'],
  ['apps/v1', 'StatefulSet', { volumeClaimTemplates: [{}] }, 'volumeClaimTemplates'],
  ['apps/v1', 'DaemonSet', { updateStrategy: { type: 'OnDelete' } }, 'updateStrategy'],
  ['batch/v1', 'Job', { backoffLimit: 3 }, 'backoffLimit'],
  ['batch/v1', 'Job', { parallelism: 2 }, 'parallelism'],
];

for (const [apiVersion, kind, spec, field] of LOST) {
  test(`no counterpart: ${field} of a ${kind}`, async () => {
    assert.deepEqual((await converted(documents(workload(apiVersion, kind, spec)))).lost, [`spec.${field}`]);
  });
}

test('a label of the workload is one of the pod, unless the pod has another', async () => {
  const { manifest, lost } = await converted(
    documents(workload('apps/v1', 'Deployment', {}, { labels: { app: 'other', team: 'a' } })),
  );
  assert.deepEqual(manifest['metadata'], { name: 'web', labels: { app: 'web', team: 'a' } });
  assert.deepEqual(lost, ['metadata.labels.app']);
});

const CONFIG = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' }, data: { a: 'x\n', b: 'y' } };

function podWith(configMap: object): object {
  const spec = { containers: [CONTAINER], volumes: [{ name: 'v', configMap }] };
  return JSON.parse(kubePod(spec)) as object;
}

for (const [what, configMap, files] of [
  ['all of it', { name: 'c', defaultMode: 0o644, optional: false }, { a: 'x\n', b: 'y' }],
  ['some of it', { name: 'c', items: [{ key: 'b', path: 'd/e' }] }, { 'd/e': 'y' }],
] as const) {
  test(`a ConfigMap of the same file is an inline volume: ${what}`, async () => {
    const { manifest, lost } = await converted(documents(CONFIG, podWith(configMap)));
    assert.deepEqual(lost, []);
    assert.deepEqual(manifest['volumes'], [{ name: 'v', kind: 'inline', files }]);
  });
}

test('what a ConfigMap cannot be here is reported in the ConfigMap, once', async () => {
  const text = documents({ ...CONFIG, binaryData: { z: 'AA==' } }, podWith({ name: 'c' }));
  const { lost } = await convertManifest(text, 'kube.yaml');
  assert.deepEqual(
    lost.map(({ at, code }) => `${at?.line} ${code}`),
    ['9 convert/no-counterpart'],
  );
});

test('a key that a ConfigMap does not have is an error', async () => {
  assert.deepEqual(await refused(documents(CONFIG, podWith({ name: 'c', items: [{ key: 'z', path: 'z' }] }))), [
    'spec.volumes[0].configMap.items[0].key manifest/schema',
  ]);
});

test('other objects of the file are reported', async () => {
  const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 's' } };
  const { lost } = await convertManifest(
    documents(service, podWith({ name: 'c' }), CONFIG, { ...CONFIG, metadata: { name: 'd' } }),
    'k',
  );
  assert.deepEqual(
    lost.map(({ message }) => message.slice(0, 25)),
    ['kind: "Service" has no co', 'kind: "ConfigMap" has no '],
  );
});

test('a list of objects stands for its items', async () => {
  const items = [CONFIG, podWith({ name: 'c' })];
  const { manifest, lost } = await converted(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  assert.deepEqual([(manifest['volumes'] as object[]).length, lost], [1, []]);
});

const FORMATS: readonly (readonly [what: string, text: string, ...errors: string[]])[] = [
  ['pod/v1', 'apiVersion: pod/v1\nkind: Pod\n', '1:13 convert/format'],
  ['a Service', 'apiVersion: v1\nkind: Service\n', '2:7 convert/format'],
  ['a CronJob', 'apiVersion: batch/v1\nkind: CronJob\n', '2:7 convert/format'],
  ['an old Deployment', 'apiVersion: extensions/v1beta1\nkind: Deployment\n', '2:7 convert/format'],
  ['Compose', 'services:\n  web: {image: nginx}\n', '1:1 convert/format'],
  ['a list', '- 1\n', '1:1 convert/format'],
  ['a word', 'hello\n', '1:1 convert/format'],
  ['nothing', '\n', '1:1 manifest/syntax'],
  ['no YAML', 'a: [\n', '1:4 manifest/syntax'],
  ['the second document is no YAML', 'apiVersion: v1\n---\na: [\n', '3:4 manifest/syntax'],
  ['a field twice', 'apiVersion: v1\nkind: Pod\nkind: Pod\n', '3:1 manifest/duplicate'],
  ['too many documents', '---\na: 1\n'.repeat(101), '202:1 manifest/syntax'],
];

for (const [what, text, ...errors] of FORMATS) {
  test(`not a manifest to convert: ${what}`, async () => {
    const found = await convertManifest(text, 'kube.yaml');
    assert.equal(found.manifest, undefined);
    assert.deepEqual(
      found.errors.map(({ at, code }) => `${at?.line}:${at?.col} ${code}`),
      errors,
    );
  });
}

test('two pods in one file are an error at the second', async () => {
  assert.deepEqual(await refused(documents(podWith({ name: 'c' }), podWith({ name: 'c' }))), [
    'kind convert/no-counterpart',
  ]);
});

test('another image is that of the app, and an app that is not there is an error', async () => {
  const text = kubePod({ containers: [CONTAINER] });
  const { manifest } = await convertManifest(text, 'kube.yaml', { images: new Map([['a', 'oci:./x']]) });
  assert.equal((manifest as { apps: { image: string }[] }).apps[0]!.image, 'oci:./x');
  await assert.rejects(convertManifest(text, 'kube.yaml', { images: new Map([['b', 'oci:./x']]) }), {
    code: 'cli/usage',
  });
});
