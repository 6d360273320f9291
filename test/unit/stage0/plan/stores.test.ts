import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodErrors } from '../../../../stages/stage0/error.ts';
import { lowerIsolators } from '../../../../stages/stage0/isolators/lower.ts';
import { parseManifest } from '../../../../stages/stage0/manifest/parse.ts';
import type { StoreFacts } from '../../../../stages/stage0/plan/facts.ts';
import { planStores, type Stores } from '../../../../stages/stage0/plan/stores.ts';
import { newHost, V2 } from '../isolators/host.ts';

const PLAIN: StoreFacts = {
  fileSystem: 'ef53',
  isMemory: false,
  hasProjectQuota: false,
  makeFileSystem: '/sbin/mkfs.ext4',
  hasLoopDevices: true,
};
const QUOTA = { ...PLAIN, hasProjectQuota: true };
const MIB = 1 << 20;

function plan(fields: string, store: StoreFacts, app = '', size = '3Mi'): Stores {
  const text = `apiVersion: pod/v1
kind: Pod
metadata: {name: p}
volumes: [{name: v, kind: empty}, {name: w, kind: empty, size: ${size}}]
${fields}
apps:
  - {name: a, image: host, mounts: [{volume: v, path: /v}, {volume: w, path: /w}], isolators: {${app}}}
  - {name: b, image: host}
`;
  const { spec, errors } = parseManifest(text, 'p.yaml', { baseDir: '/' });
  assert.deepEqual(errors, []);
  const facts = newHost(V2, { looked: { 'store /pods': store } });
  const pod = lowerIsolators(spec!.isolators, 'pod', facts).draft;
  const apps = spec!.apps.map(({ name, isolators }) => [name, lowerIsolators(isolators, 'app', facts, { pod }).draft]);
  return planStores({ spec: spec!, facts, podsDir: '/pods' }, { pod, apps: new Map(apps as []) });
}

function rows({ stores }: Stores): string[] {
  return stores.map(({ name, method, bytes, apps, volumes }) =>
    [name, method, Number(bytes) / MIB, ...apps, ...volumes].join(' '),
  );
}

test('a volume with a size is a store of its own', () => {
  assert.deepEqual(rows(plan('', QUOTA)), ['volume.w project 3 w']);
});

test('ephemeral storage is layers and volumes, and an eighth of it is for logs', () => {
  const app = plan('', QUOTA, 'resource/ephemeral-storage: {limit: 80Mi}');
  assert.deepEqual(rows(app), ['volume.w project 3 w', 'app.a project 70 a v']);
  assert.deepEqual([app.logBytes('a'), app.logBytes('b')], [2 * MIB, 10 * MIB]);
  const pod = plan('isolators: {resource/ephemeral-storage: {limit: 80Mi}}', QUOTA);
  assert.deepEqual(rows(pod), ['volume.w project 3 w', 'pod project 70 a b v']);
  assert.deepEqual([pod.logBytes('a'), pod.logBytes('b')], [MIB, MIB]);
});

test('logs get no more than they have without a limit', () => {
  const { stores, logBytes } = plan('', QUOTA, 'resource/ephemeral-storage: {limit: 1Gi}');
  assert.equal(Number(stores[1]!.bytes), (1024 - 50) * MIB);
  assert.equal(logBytes('a'), 10 * MIB);
});

test('disk space is the layer alone', () => {
  const { stores, logBytes } = plan('', QUOTA, 'resource/disk-space: {limit: 8Mi}');
  assert.deepEqual([stores[1]!.volumes, Number(stores[1]!.bytes), logBytes('a')], [[], 8 * MIB, 10 * MIB]);
});

test('what counts follows from the file system, and from who could get around it', () => {
  const methodOf = (store: StoreFacts, fields = ''): string => plan(fields, store).stores[0]!.method;
  assert.equal(methodOf({ ...QUOTA, isMemory: true }), 'memory');
  assert.equal(methodOf(QUOTA, 'userns: host'), 'image');
  assert.equal(methodOf(PLAIN), 'image');
});

test('a volume that is too small for a file system is refused where it needs one', () => {
  const isTooSmall = ({ errors }: PodErrors): boolean =>
    errors.length === 1 && errors[0]!.code === 'host/unsupported' && errors[0]!.at?.line === 4;
  for (const size of ['1', '64Ki', '131071']) assert.throws(() => plan('', PLAIN, '', size), isTooSmall);
  assert.equal(plan('', PLAIN, '', '128Ki').stores.length, 1);
  assert.equal(plan('', QUOTA, '', '4Ki').stores.length, 1);
});

test('a limit that nothing can keep is refused, each at its line', () => {
  const bare = { ...PLAIN, makeFileSystem: null };
  assert.throws(
    () => plan('', bare, 'resource/disk-space: {limit: 8Mi}'),
    (error) => {
      assert.ok(error instanceof PodErrors);
      assert.deepEqual(
        error.errors.map(({ code, at }) => `${code} ${at?.line}`),
        ['host/unsupported 4', 'host/unsupported 7'],
      );
      return true;
    },
  );
});
