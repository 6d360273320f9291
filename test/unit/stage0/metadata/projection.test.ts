import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { imageId, nameImage, projectImage } from '../../../../stages/stage0/metadata/project-image.ts';
import { projectIsolators } from '../../../../stages/stage0/metadata/project-isolators.ts';
import { projectPod } from '../../../../stages/stage0/metadata/project-pod.ts';
import { assertImageManifest, assertPodManifest } from '../../../harness/appc-rules.ts';
import { specOf } from '../manifest/parse-case.ts';
import { everything, servedApps } from './served.ts';

test("a pod with everything is a pod manifest by appc's rules", () => {
  const { spec, apps } = everything();
  assertPodManifest(JSON.parse(JSON.stringify(projectPod(spec, apps))));
});

test('a pod with nothing is one too, without empty lists', () => {
  const spec = specOf(
    '{apiVersion: pod/v1, kind: Pod, metadata: {name: a}, apps: [{name: a, image: host, exec: [/a]}]}',
  );
  const manifest = projectPod(spec, servedApps(spec));
  assertPodManifest(JSON.parse(JSON.stringify(manifest)));
  assert.deepEqual(Object.keys(manifest), ['acVersion', 'acKind', 'apps']);
});

test('users are numbers in strings, and the command is absolute', () => {
  const { spec, apps } = everything();
  const [{ app } = assert.fail()] = projectPod(spec, apps).apps;
  assert.deepEqual([app.user, app.group, app.supplementaryGIDs, app.workingDirectory], ['33', '34', [4], '/srv']);
  assert.deepEqual(
    app.environment?.map(({ name }) => name),
    ['PATH', 'TZ'],
  );
});

test('isolators of ours are left out, those of appc have strings for quantities', () => {
  const { spec, apps } = everything();
  const manifest = projectPod(spec, apps);
  assert.deepEqual(manifest.apps[0]!.app.isolators, [
    { name: 'resource/cpu', value: { request: '250m', limit: '500m' } },
    { name: 'resource/memory', value: { limit: '134217728' } },
    { name: 'os/linux/capabilities-retain-set', value: { set: ['CAP_CHOWN'] } },
    { name: 'os/linux/no-new-privileges', value: true },
    { name: 'os/linux/oom-score-adj', value: 100 },
  ]);
  assert.equal(manifest.apps[1]!.app.isolators, undefined, 'an empty set is none of appc');
  assert.deepEqual(manifest.isolators, [
    { name: 'resource/memory', value: { limit: '1Gi' } },
    { name: 'os/unix/sysctl', value: { 'net.core.somaxconn': '512' } },
  ]);
});

test('a bandwidth is said to be that of every device', () => {
  const at = { file: 'x', line: 1, col: 1 };
  const isolator = { name: 'resource/network-bandwidth', value: { limit: 1_000_000 }, at, atOf: () => at };
  assert.deepEqual(projectIsolators([isolator], 'pod'), [
    { name: 'resource/network-bandwidth', value: { default: true, limit: '1000000' } },
  ]);
});

test('volumes are the host or empty, and a second mount of one has a name of its own', () => {
  const { spec, apps } = everything();
  const manifest = projectPod(spec, apps);
  assert.deepEqual(manifest.volumes, [
    { name: 'data', kind: 'empty', readOnly: false, mode: '0777', uid: 0, gid: 0 },
    { name: 'site', kind: 'host', source: '/srv/site', readOnly: true },
    { name: 'conf', kind: 'empty', readOnly: true, mode: '0755', uid: 0, gid: 0 },
  ]);
  assert.deepEqual(
    manifest.apps[0]!.app.mountPoints?.map(({ name, readOnly }) => [name, readOnly]),
    [
      ['data', false],
      ['data-2', true],
      ['site', false],
      ['conf', false],
    ],
  );
});

test('a port that two apps have gets its app in front', () => {
  const { spec, apps } = everything();
  const { ports, apps: runtime } = projectPod(spec, apps);
  assert.deepEqual(ports, [
    { name: 'front-http', hostPort: 8080 },
    { name: 'side-http', hostPort: 8081 },
  ]);
  assert.deepEqual(runtime[0]!.app.ports, [{ name: 'front-http', protocol: 'tcp', port: 80 }]);
});

test("an image's manifest is one by appc's rules", () => {
  const { apps } = everything();
  const manifest = projectImage(apps[0]!.image);
  assertImageManifest(JSON.parse(JSON.stringify(manifest)));
  assert.deepEqual(manifest.app?.exec, ['/init', '-x']);
  assert.deepEqual(manifest.annotations, [
    { name: 'maker', value: 'them' },
    { name: 'org.example.v', value: '1' },
  ]);
  const { image } = apps[0]!;
  const relative = { ...image, config: { ...image.config, entrypoint: ['init'] } };
  assert.equal(projectImage(relative).app, undefined, 'appc has no search path');
});

test('an image is called what its reference says, its tag is its version', () => {
  const named = (ref: string): unknown => {
    const { name, labels } = nameImage(ref, 'aarch64');
    return [name, labels.find((label) => label.name === 'version')?.value, labels.at(-1)?.value];
  };
  assert.deepEqual(named('oci:./images/nginx:v1'), ['nginx', 'v1', 'aarch64']);
  assert.deepEqual(named(`docker://docker.io/library/nginx:1.27@sha256:${'0'.repeat(64)}`), [
    'docker.io/library/nginx',
    '1.27',
    'aarch64',
  ]);
  assert.deepEqual(named('docker://localhost:5000/a'), ['localhost-5000/a', undefined, 'aarch64']);
  assert.deepEqual(named('dir:/srv/My Root/'), ['my-root', undefined, 'aarch64']);
  assert.deepEqual(named('host'), ['host', undefined, 'aarch64']);
});

test('an ACI is served as it calls itself, with its own words', () => {
  const aci = {
    name: 'example.com/web',
    labels: [{ name: 'version', value: '2' }],
    isolators: [{ name: 'resource/memory', value: { limit: '1G' } }],
    hooks: { postStop: ['/bin/bye'] },
    mountPoints: [{ name: 'work', path: '/work', readOnly: true }],
    ports: [{ name: 'http', protocol: 'tcp', port: 80, count: 1 }],
  };
  const config = { entrypoint: ['/web'], command: [], env: {}, volumes: [], user: 'a', group: 'b', aci };
  const served = { ...nameImage('aci:./x.aci', 'x86_64', aci), id: imageId('sha512:ab'), config };
  const { name, labels, app } = projectImage(served);
  assert.deepEqual([name, labels, served.id], [aci.name, aci.labels, 'sha512-ab']);
  assert.deepEqual(app, {
    exec: ['/web'],
    user: 'a',
    group: 'b',
    eventHandlers: [{ name: 'post-stop', exec: ['/bin/bye'] }],
    mountPoints: aci.mountPoints,
    ports: aci.ports,
    isolators: aci.isolators,
  });
});

test("an id is the sha512 of the digest's text", () => {
  const digest = `sha256:${'b'.repeat(64)}`;
  assert.equal(imageId(digest), `sha512-${createHash('sha512').update(digest).digest('hex')}`);
});
