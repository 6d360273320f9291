import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allErrors, judgeIsolators } from '../../../../stages/stage0/isolators/judge.ts';
import { ISOLATORS } from '../../../../stages/stage0/isolators/registry.ts';
import { parseManifest } from '../../../../stages/stage0/manifest/parse.ts';

type Values = Readonly<Record<string, unknown>>;

/** What is wrong with a pod on every host, by code and line. */
function judged(app: Values, pod: Values = {}, more: Values = {}): string[] {
  const manifest = {
    apiVersion: 'pod/v1',
    kind: 'Pod',
    metadata: { name: 'judged' },
    ...more,
    isolators: pod,
    apps: [{ name: 'a', image: 'host', isolators: app }],
  };
  const { spec, errors } = parseManifest(JSON.stringify(manifest), 'pod.json', { baseDir: '/' });
  assert.deepEqual(errors, []);
  return judgeIsolators(spec!).map(({ code }) => code);
}

for (const { name, example, scopes, trials = [] } of ISOLATORS) {
  test(`nothing is wrong with ${name} as it is shown`, () => {
    const more = name.startsWith('os/linux/net-') ? { network: { mode: 'host' } } : {};
    for (const value of [example, ...trials.map((trial) => trial.value)]) {
      const own = { [name]: value };
      for (const scope of scopes)
        assert.deepEqual(
          scope === 'pod' ? judged({}, own, more) : judged(own, name === 'resource/cpuset' ? own : {}, more),
          [],
        );
    }
  });
}

test('what is wrong with a value, and beside others, is wrong everywhere', () => {
  assert.deepEqual(judged({ 'resource/cpu': { request: 2, limit: 1 } }), ['manifest/schema']);
  assert.deepEqual(judged({ 'resource/hugetlb': { '2Mi': '3Mi' } }), ['manifest/schema']);
  assert.deepEqual(judged({ 'resource/cpuset': { cpus: '0-1' } }, { 'resource/cpuset': { cpus: '0' } }), [
    'manifest/schema',
  ]);
  assert.deepEqual(judged({ 'os/linux/seccomp-retain-set': { set: ['opn'] } }), ['manifest/schema']);
});

test('rates of disks that the host lacks are wrong everywhere', () => {
  const disks = [{ path: '/nowhere', limit: '0' }];
  assert.deepEqual(judged({ 'resource/block-bandwidth': { limit: '1.5', disks } }), [
    'manifest/schema',
    'manifest/schema',
  ]);
});

test('what a host lacks is not wrong with the manifest', () => {
  const allow = [{ path: '/dev/not-here' }];
  const disks = [{ path: '/nowhere', limit: 5 }];
  assert.deepEqual(
    judged({ 'os/linux/devices': { allow }, 'resource/block-iops': { disks }, 'resource/misc': { sev: 1 } }),
    [],
  );
});

test('isolators are judged although something else is wrong, but not where the schema has spoken', () => {
  const text = `apiVersion: pod/v1
kind: Pod
metadata: {name: judged}
network: {mode: brige}
apps:
  - name: a
    image: host
    restart: {policy: sometimes}
    isolators:
      resource/cpu: {request: 2, limit: 1}
      resource/memory: {limit: -1, request: 2Gi}
  - {name: b, image: host, isolators: {resource/memory: {limit: 3Gi}, resource/cpus: {limit: 1}}}
isolators: {resource/memory: {limit: 2Gi}, resource/network-bandwidth: {limit: 1M}}
`;
  const errors = allErrors(parseManifest(text, 'pod.yaml', { baseDir: '/' }));
  const found = errors
    .map(({ at, message }) => `${at?.line}: ${message}`)
    .toSorted((x, y) => parseInt(x) - parseInt(y));
  assert.deepEqual(found, [
    '4: network.mode: "brige" is not one of bridge, none, host, pod:NAME, cni:NAME',
    '8: apps[0].restart.policy: "sometimes" is not one of never, on-failure, always',
    '10: request "2" of cpu: it is above the limit, "1"',
    '11: apps[0].isolators["resource/memory"].limit: -1 is below 0',
    '12: apps[1].isolators: unknown isolator "resource/cpus"',
    '12: limit "3Gi" of memory: the pod as a whole is limited to 2Gi',
  ]);
});

for (const [what, item] of [
  ['has no value', '{name: resource/pids}'],
  ['has a value of another kind', '{name: resource/pids, value: 5}'],
  ['has a value with a wrong member', '{name: resource/memory, value: {limit: []}}'],
] as const) {
  test(`an isolator of appc's list that ${what} is an error, of the schema alone`, () => {
    for (const isolators of [`apps: [{name: a, image: host, isolators: [${item}]}]`, `isolators: [${item}]`]) {
      const apps = isolators.startsWith('apps') ? '' : '\napps: [{name: a, image: host}]';
      const text = `apiVersion: pod/v1\nkind: Pod\nmetadata: {name: x}\n${isolators}${apps}\n`;
      const errors = allErrors(parseManifest(text, 'pod.yaml', { baseDir: '/' }));
      assert.deepEqual(
        errors.map(({ at, code }) => `${at?.line} ${code}`),
        ['4 manifest/schema'],
        text,
      );
    }
  });
}
