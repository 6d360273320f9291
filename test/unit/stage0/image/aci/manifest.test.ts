import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodError, PodErrors } from '../../../../../stages/stage0/error.ts';
import { type AciManifest, parseAciManifest } from '../../../../../stages/stage0/image/aci/manifest.ts';
import { ARCHITECTURE } from '../../../../../stages/stage0/image/platform.ts';

const ARCH = ARCHITECTURE === 'arm64' ? 'aarch64' : ARCHITECTURE;
const APP = { exec: ['/bin/web', '-x'], user: '100', group: 'www' };

function parse(more: object, app: object | null = {}): AciManifest {
  const manifest = { acKind: 'ImageManifest', acVersion: '0.8.11', name: 'example.com/web', ...more };
  return parseAciManifest({ ...manifest, ...(app && { app: { ...APP, ...app } }) }, 'x');
}

/** The places of all that is wrong. */
function faultsOf(more: object, app?: object): string[] {
  try {
    parse(more, app);
  } catch (error) {
    assert.ok(error instanceof PodErrors);
    return error.errors.map(({ code, message }) => {
      const place = /^read x: ([^ ]+|the manifest): /.exec(message)?.[1];
      return code === 'image/manifest' ? String(place) : `${code} ${place}`;
    });
  }
  return [];
}

test('a manifest gives all that a run needs', () => {
  const { config, pathWhitelist } = parse(
    {
      labels: [
        { name: 'version', value: '1' },
        { name: 'os', value: 'linux' },
        { name: 'arch', value: ARCH },
      ],
      annotations: [{ name: 'authors', value: 'A' }],
      pathWhitelist: ['/bin/web'],
      dependencies: null,
    },
    {
      supplementaryGIDs: [5, 6],
      workingDirectory: '/srv',
      environment: [
        { name: 'A', value: 'x=y' },
        { name: '__proto__', value: 'z' },
      ],
      eventHandlers: [
        { name: 'pre-start', exec: ['/bin/pre'] },
        { name: 'post-stop', exec: ['/bin/post', 'x'] },
      ],
      mountPoints: [{ name: 'work', path: '/var/lib/work', readOnly: true }],
      ports: [
        { name: 'http', port: 80, protocol: 'tcp' },
        { name: 'ftp', port: 20_000, protocol: 'tcp', count: 1000, socketActivated: false },
      ],
      isolators: [{ name: 'resource/memory', value: { limit: '1G' } }],
    },
  );
  assert.deepEqual(
    { ...config, env: Object.entries(config.env) },
    {
      entrypoint: ['/bin/web', '-x'],
      command: [],
      env: [
        ['A', 'x=y'],
        ['__proto__', 'z'],
      ],
      user: '100',
      group: 'www',
      supplementaryGids: [5, 6],
      workingDirectory: '/srv',
      volumes: ['/var/lib/work'],
      labels: { authors: 'A' },
      aci: {
        name: 'example.com/web',
        labels: [
          { name: 'version', value: '1' },
          { name: 'os', value: 'linux' },
          { name: 'arch', value: ARCH },
        ],
        isolators: [{ name: 'resource/memory', value: { limit: '1G' } }],
        hooks: { preStart: ['/bin/pre'], postStop: ['/bin/post', 'x'] },
        mountPoints: [{ name: 'work', path: '/var/lib/work', readOnly: true }],
        ports: [
          { name: 'http', protocol: 'tcp', port: 80, count: 1 },
          { name: 'ftp', protocol: 'tcp', port: 20_000, count: 1000 },
        ],
      },
    },
  );
  assert.deepEqual([...pathWhitelist!], ['/bin/web']);
});

test('an image without an app is files, and lists may be null or empty', () => {
  const { config, pathWhitelist } = parse({ labels: null, pathWhitelist: [], annotations: [] }, null);
  assert.deepEqual([config.entrypoint, config.user, config.aci!.mountPoints], [[], undefined, []]);
  assert.equal(pathWhitelist, undefined);
  assert.deepEqual(faultsOf({}, { isolators: null, ports: null, environment: null, eventHandlers: null }), []);
});

test('a command may be none, and its name may be one to be found in the PATH', () => {
  assert.deepEqual(parse({}, { exec: ['web', '-x'] }).config.entrypoint, ['web', '-x']);
  for (const exec of [null, []]) assert.deepEqual(parse({}, { exec }).config.entrypoint, []);
});

test('everything that is wrong is told at once, with its place', () => {
  assert.deepEqual(
    faultsOf(
      { acKind: 'PodManifest', acVersion: '1.0.0', name: 'Bad Name', other: 1, labels: [{ name: 'a' }, 1] },
      {
        exec: [1],
        user: '',
        group: undefined,
        workingDirectory: 'srv',
        supplementaryGIDs: [-1, 4_294_967_295, 1.5, 'x'],
        mounts: [],
      },
    ).toSorted(),
    [
      'acKind',
      'acVersion',
      'app.exec[0]',
      'app.group',
      'app.supplementaryGIDs[0]',
      'app.supplementaryGIDs[1]',
      'app.supplementaryGIDs[2]',
      'app.supplementaryGIDs[3]',
      'app.user',
      'app.workingDirectory',
      'app',
      'labels[0].value',
      'labels[1]',
      'name',
      'the manifest',
    ].toSorted(),
  );
});

for (const [name, app, places] of [
  ['a command without a name', { exec: ['', 'x'] }, ['app.exec[0]']],
  ['a command that is no list', { exec: '/bin/x' }, ['app.exec']],
  ['a NUL in an argument', { exec: ['/x', 'a\0b'] }, ['app.exec[1]']],
  [
    'variables',
    { environment: [{ name: 'A=B', value: '' }, { name: 'C' }, { name: 'C', value: '' }] },
    ['app.environment[0].name', 'app.environment[1].value', 'app.environment[2].name'],
  ],
  [
    'handlers',
    { eventHandlers: [{ name: 'pre-stop', exec: ['/x'] }, { name: 'pre-start' }, { name: 'post-stop', exec: [] }] },
    ['app.eventHandlers[0].name', 'app.eventHandlers[1].exec', 'app.eventHandlers[2].exec'],
  ],
  [
    'two handlers of one name',
    { eventHandlers: [1, 2].map(() => ({ name: 'pre-start', exec: ['/x'] })) },
    ['app.eventHandlers[1].name'],
  ],
  [
    'mount points',
    {
      mountPoints: [
        { name: 'A', path: '/x' },
        { name: 'b', path: 'x' },
        { name: 'c', path: '/\u001b[2J' },
        { name: 'd', path: '/d', readOnly: 'yes' },
        { name: 'd', path: '/e' },
      ],
    },
    [0, 1, 2, 3, 4].map((n) => `app.mountPoints[${n}].${['name', 'path', 'path', 'readOnly', 'name'][n]}`),
  ],
  [
    'ports',
    {
      ports: [
        { name: 'a', port: 0, protocol: 'tcp' },
        { name: 'b', port: 65_535, protocol: '', count: 2 },
        { port: 1, protocol: 'tcp' },
      ],
    },
    ['app.ports[0].port', 'app.ports[1].protocol', 'app.ports[1].count', 'app.ports[2].name'],
  ],
  ['isolators', { isolators: [{ name: 'resource/cpu' }, 'x'] }, ['app.isolators[1]', 'app.isolators[0].value']],
  ['an object for a list', { ports: {} }, ['app.ports']],
] as const)
  test(`wrong: ${name}`, () => assert.deepEqual(faultsOf({}, app), places));

test('what an image may mean, and pods do not have, is refused and not left out', () => {
  assert.deepEqual(faultsOf({ dependencies: [{ imageName: 'a/b' }, { imageName: 'c', imageID: 'sha512-0' }] }), [
    'manifest/unsupported dependencies[0]',
    'manifest/unsupported dependencies[1]',
  ]);
  const ports = [{ name: 'a', port: 1, protocol: 'tcp', socketActivated: true }];
  assert.deepEqual(faultsOf({}, { ports }), ['manifest/unsupported app.ports[0].socketActivated']);
});

test('an image for another system or machine is refused as such', () => {
  const isPlatform = (error: unknown): boolean => error instanceof PodError && error.code === 'image/platform';
  const label = (name: string, value: string): object => ({ labels: [{ name, value }] });
  assert.throws(() => parse(label('os', 'freebsd')), isPlatform);
  assert.throws(() => parse(label('arch', 'i386')), isPlatform);
  assert.throws(() => parse(label('arch', '')), isPlatform);
  assert.deepEqual(faultsOf(label('name', 'x')), ['labels']);
});

test('a hostile manifest is told in a few lines that a terminal can show', () => {
  const labels = Array.from({ length: 10_000 }, () => ({ name: '\u001b[2J'.repeat(1000), value: 1 }));
  for (const json of [{ labels }, [], null, 'x', JSON.parse('['.repeat(5000) + ']'.repeat(5000))]) {
    assert.throws(
      () => parseAciManifest(json, 'x'),
      (error) => error instanceof PodErrors && error.errors.length <= 51 && !error.message.includes('\u001b'),
    );
  }
});
