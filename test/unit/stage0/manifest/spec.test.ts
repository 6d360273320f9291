import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { APP, appWith, HEAD, parse, places, specOf } from './parse-case.ts';

test('what the manifest leaves out has its default', () => {
  const spec = specOf(`${HEAD}${APP}`);
  assert.equal(spec.hostname, 'web');
  assert.equal(spec.network.mode, 'bridge');
  assert.deepEqual(spec.userns, { mode: 'auto', size: 65536, at: { file: 'pod.yaml', line: 1, col: 1 } });
  const [app] = spec.apps;
  assert.ok(app);
  assert.equal(app.exec, undefined);
  assert.equal(app.readOnlyRootFS, false);
  assert.equal(app.restart.policy, 'never');
  assert.deepEqual(app.stop, { graceMs: 10_000 });
});

test('the digest is that of the bytes as they were given', () => {
  const text = `\ufeff${HEAD}${APP}# ü\n`;
  assert.equal(specOf(text).manifest.digest, `sha256:${createHash('sha256').update(Buffer.from(text)).digest('hex')}`);
  assert.equal(specOf(text).manifest.text, text);
});

test('relative sources start at the base directory', () => {
  const { volumes } = specOf(
    `${HEAD}${APP}volumes: [{name: a, kind: host, source: ./x}, {name: b, kind: host, source: /y, readOnly: true}]\n`,
  );
  assert.deepEqual(
    volumes.map((volume) => volume.kind === 'host' && [volume.source, volume.readOnly]),
    [
      ['/base/x', false],
      ['/y', true],
    ],
  );
});

test('both forms of isolators mean the same', () => {
  const map = specOf(
    appWith('isolators: {resource/memory: {limit: 64Mi}, resource/cpu: {request: "250m", limit: 500m}}'),
  );
  const list = specOf(
    appWith(
      'isolators: [{name: resource/memory, value: {limit: 64Mi}}, {name: resource/cpu, value: {request: "250m", limit: 500m}}]',
    ),
  );
  const plain = (spec: typeof map): unknown =>
    spec.apps[0]!.isolators.map(({ name, value }) => [name, { ...(value as object) }]);
  assert.deepEqual(plain(map), plain(list));
});

test("an isolator's members keep their places, in both forms", () => {
  const map = specOf(appWith('isolators: {resource/memory: {limit: 64Mi}}')).apps[0]!.isolators[0]!;
  assert.deepEqual([map.at.col, map.atOf('/limit').col, map.atOf('/request').col, map.atOf('').col], [17, 42, 17, 34]);
  const list = specOf(appWith('isolators: [{name: resource/memory, value: {limit: 64Mi}}]')).apps[0]!.isolators[0]!;
  assert.deepEqual([list.at.col, list.atOf('/limit').col, list.atOf('/request').col], [24, 56, 24]);
});

test('units are canonical', () => {
  const spec = specOf(
    `${appWith('stop: {signal: SIGQUIT, grace: 2m}', 'user: 33', 'supplementaryGids: [4]')}volumes: [{name: v, kind: empty, medium: memory, size: 1.5Ki}]\n`,
  );
  assert.deepEqual(spec.apps[0]!.stop, { signal: 'SIGQUIT', graceMs: 120_000 });
  assert.equal(spec.apps[0]!.user?.value, '33');
  assert.deepEqual(
    spec.volumes.map((volume) => volume.kind === 'empty' && volume.sizeBytes),
    [1536],
  );
});

test('pauses before restarts have defaults, and a long first one moves the cap', () => {
  const backoff = (text: string): unknown =>
    specOf(appWith(`restart: {policy: always${text}}`)).apps[0]!.restart.backoff;
  assert.deepEqual(backoff(''), { initialMs: 100, capMs: 60_000, resetMs: 10_000 });
  assert.deepEqual(backoff(', backoff: {initial: 1s, cap: 2s, reset: 0s}'), {
    initialMs: 1000,
    capMs: 2000,
    resetMs: 0,
  });
  assert.deepEqual(backoff(', backoff: {initial: 5m}'), { initialMs: 300_000, capMs: 300_000, resetMs: 10_000 });
});

test('images, networks and volumes of all kinds are no error', () => {
  const text = `${appWith(
    'tty: true',
    'restart: {policy: always}',
    'probes: {ready: {tcp: {port: 80}}}',
    'hooks: {preStart: [/bin/true]}',
  )}  - {name: b, image: "docker://h/r:t", after: [{app: a, condition: ready}]}
  - {name: c, image: aci:x, after: [{app: b, condition: completed}]}
network: {mode: "cni:net"}
volumes: [{name: v, kind: empty, size: 1Mi}, {name: w, kind: empty, medium: memory, size: 1Mi}]
`;
  assert.deepEqual(places(parse(text).errors), []);
});

test('a network names its target', () => {
  const spec = specOf(`${HEAD}${APP}network: {mode: "pod:db"}\n`);
  assert.deepEqual({ ...spec.network, at: undefined }, { mode: 'pod', target: 'db', at: undefined });
  const { network } = specOf(`${HEAD}${APP}network: {mode: "cni:lan"}\n`);
  assert.deepEqual({ ...network, at: undefined }, { mode: 'cni', target: 'lan', at: undefined });
});

test('a spec can be written as JSON', () => {
  const { manifest, name } = JSON.parse(JSON.stringify(specOf(`${HEAD}${APP}`))) as {
    manifest: { digest: string };
    name: string;
  };
  assert.match(manifest.digest, /^sha256:[0-9a-f]{64}$/);
  assert.equal(name, 'web');
});

test('a manifest may be JSON', () => {
  const spec = specOf(
    '{"apiVersion": "pod/v1", "kind": "Pod", "metadata": {"name": "j"}, "apps": [{"name": "a", "image": "host"}]}',
  );
  assert.equal(spec.name, 'j');
});
