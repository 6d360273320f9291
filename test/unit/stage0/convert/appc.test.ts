import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { convertManifest } from '../../../../stages/stage0/convert/convert.ts';
import type { PodError } from '../../../../stages/stage0/error.ts';
import { allErrorsOf } from '../../../../stages/stage0/manifest/all-errors.ts';
import { parseManifest } from '../../../../stages/stage0/manifest/parse.ts';

const IMAGE = { name: 'example.com/worker', id: 'sha512-0', labels: [{ name: 'version', value: '1.0' }] };
const IMAGES = new Map([['a', 'docker://r.io/a:1']]);
const RUN = { exec: ['/bin/x'], user: '0', group: '0' };

function podWith(app: object, pod: object = {}, runtime: object = {}): string {
  const apps = [{ name: 'a', image: IMAGE, app: { ...RUN, ...app }, ...runtime }];
  return JSON.stringify({ acVersion: '0.8.11', acKind: 'PodManifest', apps, ...pod }, undefined, 1);
}

function fieldOf({ message }: PodError): string {
  return message.slice(0, message.indexOf(': '));
}

interface Found {
  readonly manifest: Record<string, unknown>;
  readonly app: Record<string, unknown>;
  readonly lost: readonly string[];
}

/** The manifest without its head, and its only app without name and image. */
async function converted(text: string): Promise<Found> {
  const { manifest, errors, lost } = await convertManifest(text, 'pod.json', { images: IMAGES });
  assert.deepEqual(
    errors.map(({ message }) => message),
    [],
  );
  const printed = parseManifest(stringify(manifest), 'pod.yaml', { baseDir: '/' });
  assert.deepEqual(await allErrorsOf(printed), []);
  for (const { at } of lost) assert.ok(at && at.line > 1);
  const { apiVersion, kind, apps, ...rest } = JSON.parse(JSON.stringify(manifest)) as Record<string, unknown>;
  assert.deepEqual([apiVersion, kind], ['pod/v1', 'Pod']);
  const [{ name, image, ...app } = assert.fail()] = apps as Record<string, unknown>[];
  assert.deepEqual([name, image], ['a', 'docker://r.io/a:1']);
  return { manifest: rest, app, lost: lost.map(fieldOf) };
}

const APPS: readonly (readonly [what: string, app: object, fields: object, runtime?: object])[] = [
  ['nothing', {}, {}],
  [
    'users',
    { user: 'www', group: '/etc/passwd', supplementaryGIDs: [1] },
    { user: 'www', group: '/etc/passwd', supplementaryGids: [1] },
  ],
  ['a directory', { workingDirectory: '/srv' }, { workingDirectory: '/srv' }],
  ['variables, as they are', { environment: [{ name: 'A', value: '$(B)' }] }, { env: { A: '$(B)' } }],
  [
    'events',
    {
      eventHandlers: [
        { name: 'pre-start', exec: ['/a'] },
        { name: 'post-stop', exec: ['/b'] },
      ],
    },
    { hooks: { preStart: ['/a'], postStop: ['/b'] } },
  ],
  [
    'ports',
    {
      ports: [
        { name: 'a', port: 1, protocol: 'tcp', count: 1, socketActivated: false },
        { name: 'b', port: 2, protocol: 'UDP' },
      ],
    },
    {
      ports: [
        { name: 'a', port: 1 },
        { name: 'b', port: 2, protocol: 'udp' },
      ],
    },
  ],
  [
    'isolators',
    {
      isolators: [
        { name: 'resource/cpu', value: { request: '250m', limit: '500m' } },
        { name: 'os/linux/capabilities-retain-set', value: { set: ['CAP_KILL'] } },
      ],
    },
    {
      isolators: {
        'resource/cpu': { request: '250m', limit: '500m' },
        'os/linux/capabilities-retain-set': { set: ['CAP_KILL'] },
      },
    },
  ],
  ['read-only root', {}, { readOnlyRootFS: true }, { readOnlyRootFS: true }],
  [
    'annotations',
    { userAnnotations: { c: 'd' } },
    { annotations: { a: 'b', c: 'd' } },
    { annotations: [{ name: 'a', value: 'b' }] },
  ],
];

for (const [what, app, fields, runtime] of APPS) {
  test(`an app of appc: ${what}`, async () => {
    const found = await converted(podWith(app, {}, runtime));
    assert.deepEqual(found.lost, []);
    assert.deepEqual(found.app, { ...RUN, ...fields });
    assert.deepEqual(found.manifest, { metadata: { name: 'a' } });
  });
}

test('an app without an app section is what its image says', async () => {
  const text = JSON.stringify(
    { acVersion: '0.8.11', acKind: 'PodManifest', apps: [{ name: 'a', image: IMAGE }] },
    undefined,
    1,
  );
  assert.deepEqual((await converted(text)).app, {});
});

test('what is of the pod', async () => {
  const { manifest, app, lost } = await converted(
    podWith(
      { ports: [{ name: 'http', port: 80, protocol: 'tcp' }] },
      {
        isolators: [{ name: 'resource/memory', value: { limit: '1G' } }],
        annotations: [{ name: 'x', value: 'y' }],
        userAnnotations: { z: 'z' },
        userLabels: { l: 'm' },
        ports: [{ name: 'http', hostPort: 8080, hostIP: '127.0.0.1' }],
      },
    ),
  );
  assert.deepEqual(lost, []);
  assert.deepEqual(manifest, {
    metadata: { name: 'a', labels: { l: 'm' }, annotations: { x: 'y', z: 'z' } },
    isolators: { 'resource/memory': { limit: '1G' } },
  });
  assert.deepEqual(app['ports'], [{ name: 'http', port: 80, hostPort: 8080, hostIP: '127.0.0.1' }]);
});

test('volumes are mounted by their mounts, or by the name of the mount point', async () => {
  const volumes = [
    { name: 'w', kind: 'host', source: '/opt/w', readOnly: true, recursive: true },
    { name: 'e', kind: 'empty', mode: '0777', uid: 0, gid: 0 },
  ];
  const mountPoints = [
    { name: 'work', path: '/mnt/w/', readOnly: true },
    { name: 'e', path: '/mnt/e' },
  ];
  const { manifest, app, lost } = await converted(
    podWith({ mountPoints }, { volumes }, { mounts: [{ volume: 'w', path: '/mnt/w' }] }),
  );
  assert.deepEqual(lost, []);
  assert.deepEqual(manifest['volumes'], [
    { name: 'w', kind: 'host', source: '/opt/w', readOnly: true },
    { name: 'e', kind: 'empty' },
  ]);
  assert.deepEqual(app['mounts'], [
    { volume: 'w', path: '/mnt/w', readOnly: true },
    { volume: 'e', path: '/mnt/e' },
  ]);
});

const LOST: readonly (readonly [field: string, app: object, pod?: object, runtime?: object])[] = [
  ['apps[0].app.ports[0].count', { ports: [{ name: 'a', port: 1, protocol: 'tcp', count: 9 }] }],
  ['apps[0].app.ports[0].socketActivated', { ports: [{ name: 'a', port: 1, protocol: 'tcp', socketActivated: true }] }],
  ['apps[0].app.mountPoints[0]', { mountPoints: [{ name: 'w', path: '/w' }] }],
  ['apps[0].app.isolators[0]', { isolators: [{ name: 'os/linux/nope', value: {} }] }],
  ['apps[0].app.userLabels', { userLabels: { a: 'b' } }],
  ['apps[0].app.nope', { nope: 1 }],
  ['volumes[0].mode', {}, { volumes: [{ name: 'v', kind: 'empty', mode: '0700' }] }],
  ['volumes[0].recursive', {}, { volumes: [{ name: 'v', kind: 'host', source: '/', recursive: false }] }],
  ['isolators[0]', {}, { isolators: [{ name: 'os/linux/umask', value: '0022' }] }],
  ['nope', {}, { nope: 1 }],
];

for (const [field, app, pod, runtime] of LOST) {
  test(`no counterpart of appc: ${field}`, async () => {
    assert.deepEqual((await converted(podWith(app, pod, runtime))).lost, [field]);
  });
}

const REFUSED: readonly (readonly [fields: string, app: object, pod?: object, runtime?: object])[] = [
  ['apps[0].app.exec manifest/schema', { exec: 'ls' }],
  ['apps[0].app.user manifest/schema', { user: 0 }],
  ['apps[0].app.eventHandlers[0].name manifest/schema', { eventHandlers: [{ name: 'pre-stop', exec: ['/a'] }] }],
  ['apps[0].app.environment[0] manifest/schema', { environment: [{ name: 'A' }] }],
  ['apps[0].app.ports[0].protocol convert/no-counterpart', { ports: [{ name: 'a', port: 1, protocol: 'sctp' }] }],
  ['ports[0] manifest/schema', {}, { ports: [{ name: 'x', hostPort: 1 }] }],
  [
    'apps[0].app.isolators[1] manifest/schema',
    { isolators: ['1', '2'].map((limit) => ({ name: 'resource/cpu', value: { limit } })) },
  ],
  ['apps[0].mounts[0].volume manifest/reference', {}, {}, { mounts: [{ volume: 'v', path: '/v' }] }],
  [
    'apps[0].mounts[0].appVolume convert/no-counterpart',
    {},
    { volumes: [{ name: 'v', kind: 'empty' }] },
    { mounts: [{ volume: 'v', path: '/v', appVolume: { name: 'w', kind: 'empty' } }] },
  ],
  [
    'ports[0].podPort convert/no-counterpart',
    { ports: [{ name: 'a', port: 1, protocol: 'tcp' }] },
    { ports: [{ name: 'a', hostPort: 1, podPort: { name: 'b' } }] },
  ],
  ['volumes[0] manifest/schema', {}, { volumes: [{ name: 'v', kind: 'magic' }] }],
];

for (const [fields, app, pod, runtime] of REFUSED) {
  test(`refused of appc: ${fields}`, async () => {
    const { manifest, errors } = await convertManifest(podWith(app, pod, runtime), 'pod.json', { images: IMAGES });
    assert.equal(manifest, undefined);
    assert.deepEqual(
      errors.map((error) => `${fieldOf(error)} ${error.code}`),
      [fields],
    );
  });
}

test('what is wrong inside an isolator has its own place', async () => {
  const text = podWith({ isolators: [{ name: 'resource/memory', value: { limit: 'lots' } }] });
  const { errors } = await convertManifest(text, 'pod.json', { images: IMAGES });
  const line = text.split('\n').findIndex((each) => each.includes('lots')) + 1;
  assert.deepEqual(
    errors.map(({ at }) => at?.line),
    [line],
  );
});

test('an image of appc is an error that says what to write', async () => {
  const { errors } = await convertManifest(podWith({}), 'pod.json');
  assert.deepEqual(
    errors.map(({ code, hint }) => `${code} ${hint}`),
    ['convert/no-counterpart name one with --image, as in --image a=docker://example.com/worker:1.0'],
  );
});

test('an image manifest is a pod of one app, called as the last part of its name', async () => {
  const image = {
    acKind: 'ImageManifest',
    acVersion: '0.8.11',
    name: 'example.com/a',
    labels: [{ name: 'os', value: 'linux' }],
    app: RUN,
    annotations: [{ name: 'x', value: 'y' }],
  };
  const found = await converted(JSON.stringify(image, undefined, 1));
  assert.deepEqual(found.app, { ...RUN, annotations: { x: 'y' } });
});

test('another kind of appc is none that can be converted', async () => {
  const { errors } = await convertManifest('acKind: Nope\nacVersion: 0.8.11\n', 'pod.json');
  assert.deepEqual(
    errors.map(({ code, at }) => `${at?.line}:${at?.col} ${code}`),
    ['1:9 convert/format'],
  );
});

test('a pod is called what the command line says', async () => {
  const { manifest } = await convertManifest(podWith({}), 'pod.json', { images: IMAGES, name: 'work' });
  assert.deepEqual({ ...(manifest as { metadata: object }).metadata }, { name: 'work' });
});
