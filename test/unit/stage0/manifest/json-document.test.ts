import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseManifest, parseObject } from '../../../../stages/stage0/manifest/parse.ts';

const RICH = {
  apiVersion: 'pod/v1',
  kind: 'Pod',
  metadata: { name: 'rich', labels: { tier: 'front' }, annotations: { 'a/b~c': 'x "quoted" \\ {[,:', empty: '' } },
  network: { mode: 'bridge' },
  volumes: [
    { name: 'data', kind: 'empty', medium: 'memory', size: '1Gi' },
    { name: 'conf', kind: 'inline', files: { 'app.conf': 'listen 80;\n\t"é"\u0001' } },
  ],
  apps: [
    {
      name: 'one',
      image: 'host',
      exec: ['/bin/true', '-x', ''],
      supplementaryGids: [1, 20, 300],
      mounts: [
        { volume: 'data', path: '/data', readOnly: true },
        { volume: 'conf', path: '/etc/app' },
      ],
      ports: [{ name: 'http', port: 80, hostPort: 8080 }],
      isolators: { 'resource/cpu': { limit: '500m' }, 'resource/pids': { limit: 64 } },
      stop: { grace: '10s' },
    },
    { name: 'two', image: 'host', exec: ['/bin/true'], env: {}, after: [{ app: 'one', condition: 'started' }] },
  ],
};

const OPTIONS = { baseDir: '/base' };

/** Everything of it that can be compared: the digest of the text is made when it is asked for. */
function plain(manifest: object): { object: unknown; yaml: unknown } {
  const yaml = parseManifest(JSON.stringify(manifest, undefined, 2), 'm', OPTIONS);
  return { object: comparable(parseObject(manifest, 'm', OPTIONS)), yaml: comparable(yaml) };
}

function comparable({ spec, errors, warnings }: ReturnType<typeof parseManifest>): unknown {
  const told = [...errors, ...warnings].map(({ code, message, hint, at }) => ({ code, message, hint, at }));
  const isolators = spec?.apps.map((app) => app.isolators.map(({ atOf }) => [atOf('/limit'), atOf('/none'), atOf('')]));
  return JSON.parse(JSON.stringify({ spec, told, isolators: isolators ?? null }));
}

test('an object and its JSON read as YAML give the same pod, places included', () => {
  const { object, yaml } = plain(RICH);
  assert.deepEqual((yaml as { told: unknown }).told, []);
  assert.deepEqual(object, yaml);
});

const WRONG: readonly [string, object][] = [
  ['a field nobody knows', { ...RICH, netwrok: 1 }],
  ['a wrong type deep inside', { ...RICH, apps: [{ ...RICH.apps[0], mounts: [{ volume: 7, path: null }] }] }],
  ['a missing field', { apiVersion: 'pod/v1', kind: 'Pod', metadata: {}, apps: [] }],
  ['a reference to nothing', { ...RICH, volumes: [] }],
  ['a quantity that is none', { ...RICH, apps: [{ ...RICH.apps[0], isolators: { 'resource/cpu': { limit: '5x' } } }] }],
  ['another kind of document', { kind: 'Deployment', apiVersion: 'apps/v1' }],
  ['a list', [1, 'two']],
  ['names of an object’s own', JSON.parse('{"__proto__": {"x": 1}, "constructor": 2, "kind": "Pod"}') as object],
];

for (const [what, manifest] of WRONG) {
  test(`${what}: an object is told the same as its JSON read as YAML`, () => {
    const { object, yaml } = plain(manifest);
    assert.ok((yaml as { told: unknown[] }).told.length > 0);
    assert.deepEqual(object, yaml);
  });
}

test('an object that is too deep or too large is refused', () => {
  let deep: object = {};
  for (let i = 0; i < 70; i++) deep = { deep };
  for (const manifest of [deep, { big: 'x'.repeat(5 * 1024 * 1024) }]) {
    assert.deepEqual(
      parseObject(manifest, 'm', OPTIONS).errors.map(({ code }) => code),
      ['manifest/syntax'],
    );
  }
});
