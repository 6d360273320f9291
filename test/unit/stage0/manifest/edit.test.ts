import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editIsolators, type IsolatorEdit } from '../../../../stages/stage0/manifest/edit.ts';
import { parseManifest } from '../../../../stages/stage0/manifest/parse.ts';

const TEXT = `# a pod
apiVersion: pod/v1
kind: Pod
metadata: {name: web}
apps:
  # the first
  - name: web
    image: host
    isolators:
      resource/memory: {limit: 64Mi, request: 16Mi} # enough
      resource/cpu:
        limit: 0.50 # half
  - {name: idle, image: host}
`;

const LISTED = `apiVersion: pod/v1
kind: Pod
metadata: {name: web}
apps:
  - name: web
    image: host
    isolators:
      - name: resource/memory
        value: {limit: 64Mi}
`;

function edit(text: string, ...edits: Partial<IsolatorEdit>[]): string {
  return editIsolators(
    text,
    edits.map((each) => ({ app: 'web', isolator: 'resource/memory', path: ['limit'], value: undefined, ...each })),
  );
}

/** Isolators of the pod and of each app, as the manifest's own reader has them. */
function isolatorsOf(text: string): unknown {
  const { spec, errors } = parseManifest(text, 'pod.yaml', { baseDir: '/' });
  assert.deepEqual(errors, []);
  const all = [['pod', spec!.isolators] as const, ...spec!.apps.map((app) => [app.name, app.isolators] as const)];
  const read = Object.fromEntries(
    all.map(([name, isolators]) => [name, Object.fromEntries(isolators.map((each) => [each.name, each.value]))]),
  );
  // The reader's maps have no prototype.
  return structuredClone(read);
}

test('a value is changed and everything else stays as it was written', () => {
  assert.equal(edit(TEXT, { value: '512Mi' }), TEXT.replace('limit: 64Mi', 'limit: 512Mi'));
});

test('numbers and words are written so that they are read as what they were', () => {
  for (const value of ['512', 512, '1.5Mi']) {
    assert.deepEqual((isolatorsOf(edit(TEXT, { value })) as { web: Record<string, unknown> }).web['resource/memory'], {
      limit: value,
      request: '16Mi',
    });
  }
});

test('isolators come where there were none, for an app and for the pod', () => {
  const text = edit(TEXT, { app: 'idle', value: '1Gi' }, { app: undefined, value: '2Gi' });
  const read = isolatorsOf(text) as Record<string, unknown>;
  assert.deepEqual(read['idle'], { 'resource/memory': { limit: '1Gi' } });
  assert.deepEqual(read['pod'], { 'resource/memory': { limit: '2Gi' } });
  assert.ok(text.includes('# the first') && text.includes('0.50 # half'));
});

test('a member that is taken away takes the isolator with it when it was the last', () => {
  const text = edit(TEXT, {}, { isolator: 'resource/cpu' });
  assert.deepEqual(isolatorsOf(text), { pod: {}, web: { 'resource/memory': { request: '16Mi' } }, idle: {} });
});

test("appc's list is edited as a list", () => {
  const text = edit(LISTED, { value: '1Gi' }, { isolator: 'resource/pids', value: 7 });
  assert.deepEqual((isolatorsOf(text) as { web: unknown }).web, {
    'resource/memory': { limit: '1Gi' },
    'resource/pids': { limit: 7 },
  });
  assert.deepEqual((isolatorsOf(edit(LISTED, { path: [] })) as { web: unknown }).web, {});
});

test('a whole value, and a member of a list in it', () => {
  const disks = [{ path: '/a', limit: '1M' }];
  const whole = edit(TEXT, { isolator: 'resource/block-bandwidth', path: [], value: { disks } });
  const text = edit(whole, { isolator: 'resource/block-bandwidth', path: ['disks', '0', 'limit'], value: '2M' });
  assert.deepEqual((isolatorsOf(text) as { web: Record<string, unknown> }).web['resource/block-bandwidth'], {
    disks: [{ path: '/a', limit: '2M' }],
  });
});

test('what an alias stands for changes at the place that is edited only', () => {
  const shared = `apiVersion: pod/v1
kind: Pod
metadata: {name: web}
apps:
  - {name: idle, image: host, isolators: &small {resource/memory: {limit: 64Mi}}}
  - {name: web, image: host, isolators: *small}
`;
  assert.deepEqual(isolatorsOf(edit(shared, { value: '1Gi' })), {
    pod: {},
    idle: { 'resource/memory': { limit: '64Mi' } },
    web: { 'resource/memory': { limit: '1Gi' } },
  });
});

test('JSON stays JSON', () => {
  const json = JSON.stringify({
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'web' },
    apps: [{ name: 'web', image: 'host' }],
  });
  const text = edit(json, { value: '1Gi' });
  assert.deepEqual((JSON.parse(text) as { apps: object[] }).apps[0], {
    name: 'web',
    image: 'host',
    isolators: { 'resource/memory': { limit: '1Gi' } },
  });
  assert.ok(!text.includes('\n'));
});

const JSON_TEXT = JSON.stringify({
  apiVersion: 'pod/v1',
  kind: 'Pod',
  metadata: { name: 'web' },
  apps: [
    {
      name: 'web',
      image: 'host',
      isolators: {
        'resource/memory': { limit: '64Mi' },
        'resource/block-bandwidth': { disks: [{ path: '/', read: '1M' }] },
      },
    },
  ],
});

test('a path that leads below a value without members, or beside a list, is refused, and every such path is told', () => {
  const yaml = TEXT.replace(
    'resource/cpu:',
    'resource/block-bandwidth: {disks: [{path: /, read: 1M}]}\n      resource/cpu:',
  );
  for (const text of [yaml, JSON_TEXT]) {
    const wrong = [
      { path: ['limit', 'x'], value: 5 },
      { path: ['limit', '', ''], value: 3 },
      { isolator: 'resource/block-bandwidth', path: ['disks', 'write'], value: '1M' },
      { isolator: 'resource/block-bandwidth', path: ['disks', '-1'], value: 1 },
      { isolator: 'resource/block-bandwidth', path: ['disks', '2', 'write'], value: '1M' },
    ];
    assert.throws(
      () => edit(text, ...wrong),
      ({ errors }: { errors: readonly Error[] }) => {
        assert.deepEqual(
          errors.map(({ message }) => message),
          [
            'set "resource/memory.limit.x" of app "web": "resource/memory.limit" is "64Mi", which has no member "x"',
            'set "resource/memory.limit.." of app "web": "resource/memory.limit" is "64Mi", which has no member ""',
            'set "resource/block-bandwidth.disks.write" of app "web": "resource/block-bandwidth.disks" is a list, which has no item "write"',
            'set "resource/block-bandwidth.disks.-1" of app "web": "resource/block-bandwidth.disks" is a list, which has no item "-1"',
            'set "resource/block-bandwidth.disks.2.write" of app "web": "resource/block-bandwidth.disks" is a list, which has no item "2"',
          ],
        );
        return true;
      },
    );
  }
});

test('a member called __proto__ is text in the manifest, and a way to nothing else', () => {
  for (const text of [TEXT, JSON_TEXT]) {
    const edited = edit(text, { path: ['__proto__', 'polluted'], value: 'yes' });
    assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
    const { errors } = parseManifest(edited, 'pod.yaml', { baseDir: '/' });
    assert.match(errors.map(({ message }) => message).join(), /unknown field "__proto__"/);
  }
});
