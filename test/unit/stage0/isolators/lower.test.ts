import assert from 'node:assert/strict';
import { test } from 'node:test';
import { capabilityMask, capabilityNames } from '../../../../stages/linux/capabilities.ts';
import { RLIMIT } from '../../../../stages/linux/rlimit.ts';
import { DEFAULT_CAPABILITIES, finalCapabilities } from '../../../../stages/stage0/isolators/capability-sets.ts';
import { cpuWeight } from '../../../../stages/stage0/isolators/cpu.ts';
import type { Draft } from '../../../../stages/stage0/isolators/isolator.ts';
import { lowerIsolators } from '../../../../stages/stage0/isolators/lower.ts';
import type { IsolatorSpec } from '../../../../stages/stage0/manifest/spec.ts';
import { newHost, spec, V1, V2 } from './host.ts';

const v1 = newHost(V1);
const v2 = newHost(V2);

/** Lowers without an error. */
function draftOf(specs: readonly IsolatorSpec[], host = v2, scope: 'app' | 'pod' = 'app', pod?: Draft): Draft {
  const { draft, errors } = lowerIsolators(specs, scope, host, { pod });
  assert.deepEqual(errors, []);
  return draft;
}

/** `file=value` of every write but the default for pids. */
function writes(draft: Draft): string[] {
  return draft.cgroup.filter(({ file }) => file !== 'pids.max').map(({ file, value }) => `${file}=${value}`);
}

function failures(specs: readonly IsolatorSpec[], host = v2, scope: 'app' | 'pod' = 'app'): string[] {
  return lowerIsolators(specs, scope, host).errors.map(({ code, at }) => `${code} ${at?.file}:${at?.line}`);
}

const cpu = (value: object): IsolatorSpec => spec('resource/cpu', value);
const memory = (value: object): IsolatorSpec => spec('resource/memory', value);

test('cpu becomes weight and quota on version 2', () => {
  assert.deepEqual(writes(draftOf([cpu({ request: '250m', limit: '500m' })])), [
    'cpu.weight=25',
    'cpu.max=50000 100000',
  ]);
  assert.deepEqual(writes(draftOf([cpu({ limit: 2 })])), ['cpu.weight=200', 'cpu.max=200000 100000']);
});

test('cpu becomes shares and quota on version 1', () => {
  const lowered = writes(draftOf([cpu({ request: '250m', limit: '0.5' })], v1));
  assert.deepEqual(lowered, ['cpu.shares=256', 'cpu.cfs_quota_us=50000']);
});

test('the weight spans the range of the kernel, and one core is what others have', () => {
  assert.equal(cpuWeight(0), 1);
  assert.equal(cpuWeight(1000), 100);
  assert.equal(cpuWeight(1_000_000), 10_000);
});

test('a request above its limit is refused where it stands', () => {
  assert.deepEqual(failures([cpu({ request: 2, limit: 1 })]), ['manifest/schema pod.yaml/request:2']);
  assert.deepEqual(failures([memory({ request: '2Gi', limit: '1Gi' })]), ['manifest/schema pod.yaml/request:2']);
});

test('limits too small to start in are refused', () => {
  assert.deepEqual(failures([cpu({ limit: '9m' }), memory({ limit: 4096 })]), [
    'manifest/schema pod.yaml/limit:2',
    'manifest/schema pod.yaml/limit:2',
  ]);
});

test('memory gets no swap on top of its limit', () => {
  assert.deepEqual(writes(draftOf([memory({ request: '64Mi', limit: '256Mi' })])), [
    'memory.low=67108864',
    'memory.max=268435456',
    'memory.swap.max=0',
  ]);
  assert.deepEqual(writes(draftOf([memory({ limit: '256Mi' })], v1)), [
    'memory.limit_in_bytes=268435456',
    'memory.memsw.limit_in_bytes=268435456',
  ]);
});

test('a limit says what for and where', () => {
  const write = draftOf([memory({ limit: '256Mi' })]).cgroup.find(({ file }) => file === 'memory.max');
  assert.equal(write?.why, 'limit memory to 256Mi');
  assert.equal(write?.at?.file, 'pod.yaml/limit');
});

test('pids are limited by default, and the manifest replaces the default', () => {
  const pids = (draft: Draft): string[] =>
    draft.cgroup.filter(({ file }) => file === 'pids.max').map(({ value }) => value);
  assert.deepEqual(pids(draftOf([])), ['2048']);
  assert.deepEqual(pids(draftOf([], v1, 'pod')), ['2048']);
  assert.deepEqual(pids(draftOf([spec('resource/pids', { limit: 64 })])), ['64']);
});

test("an app needs no default limit on processes below its pod's", () => {
  const inPod = (limit: number | string): number => {
    const pod = draftOf([spec('resource/pids', { limit })], v1, 'pod');
    return draftOf([], v1, 'app', pod).cgroup.length;
  };
  assert.deepEqual([inPod(2048), inPod(4096), inPod('max')], [0, 1, 1]);
});

test('a host without a controller has no default for it and refuses to be asked', () => {
  const bare = newHost([]);
  assert.deepEqual(draftOf([], bare).cgroup, []);
  assert.deepEqual(failures([memory({ limit: '1Gi' })], bare), ['host/unsupported pod.yaml:1']);
});

test('without a word in the manifest root has the eleven capabilities and others none', () => {
  const draft = draftOf([]);
  assert.equal(capabilityNames(finalCapabilities(draft.process, 0).effective).length, 11);
  assert.deepEqual(finalCapabilities(draft.process, 1000), {
    bounding: DEFAULT_CAPABILITIES,
    permitted: 0n,
    effective: 0n,
    inheritable: 0n,
    ambient: 0n,
  });
});

test('a retain-set works for a user who is not root', () => {
  const bind = capabilityMask(['CAP_NET_BIND_SERVICE']);
  const { process } = draftOf([spec('os/linux/capabilities-retain-set', { set: ['CAP_NET_BIND_SERVICE'] })]);
  assert.deepEqual(finalCapabilities(process, 33), {
    bounding: bind,
    permitted: bind,
    effective: bind,
    inheritable: bind,
    ambient: bind,
  });
  assert.deepEqual(finalCapabilities(process, 0), {
    bounding: bind,
    permitted: bind,
    effective: bind,
    inheritable: 0n,
    ambient: 0n,
  });
});

test('a remove-set takes from the default', () => {
  const { process } = draftOf([spec('os/linux/capabilities-remove-set', { set: ['CAP_CHOWN', 'CAP_SYS_ADMIN'] })]);
  assert.equal(process.capabilities.bounding, DEFAULT_CAPABILITIES & ~1n);
});

for (const kind of ['capabilities', 'seccomp']) {
  test(`both ${kind} sets are refused at the second one, in either order`, () => {
    const set = kind === 'seccomp' ? ['mount'] : ['CAP_CHOWN'];
    const retain = `os/linux/${kind}-retain-set`;
    const remove = `os/linux/${kind}-remove-set`;
    assert.deepEqual(failures([spec(retain, { set }, 3), spec(remove, { set }, 7)]), ['manifest/schema pod.yaml:7']);
    assert.deepEqual(failures([spec(remove, { set }, 3), spec(retain, { set }, 7)]), ['manifest/schema pod.yaml:7']);
  });
}

test('a capability newer than the kernel is refused by name', () => {
  const old = newHost(V2, { lastCapability: 37 });
  assert.deepEqual(failures([spec('os/linux/capabilities-retain-set', { set: ['CAP_CHOWN', 'CAP_BPF'] })], old), [
    'host/unsupported pod.yaml/set/1:2',
  ]);
});

test('a negative OOM score takes CAP_SYS_RESOURCE on the host', () => {
  const weak = newHost(V2, { effectiveCapabilities: 0n });
  assert.deepEqual(failures([spec('os/linux/oom-score-adj', -1)], weak), ['host/privilege pod.yaml:1']);
  assert.equal(draftOf([spec('os/linux/oom-score-adj', '-5')]).process.oomScoreAdj?.value, -5);
  assert.equal(draftOf([spec('os/linux/oom-score-adj', 500)], weak).process.oomScoreAdj?.value, 500);
});

test('limits are never above the hard limits of the host', () => {
  const host = newHost(V2, { hardLimits: { 7: 20_000n, 6: 512n } });
  const limit = (resource: number): unknown =>
    draftOf([], host).process.rlimits.find((each) => each.resource === resource);
  assert.deepEqual(limit(7), { resource: 7, soft: 1024n, hard: 20_000n });
  assert.deepEqual(limit(6), { resource: 6, soft: 512n, hard: 512n });
  assert.deepEqual(limit(4), { resource: 4, soft: 0n, hard: 0n });
});

test('every limit that is in effect has a value of its own, whatever the caller’s soft limits are', () => {
  const without = new Set(['RLIMIT_RSS', 'RLIMIT_LOCKS']);
  const expected = Object.entries(RLIMIT).flatMap(([name, number]) => (without.has(name) ? [] : [number]));
  const given = draftOf([]).process.rlimits.map(({ resource }) => resource);
  assert.deepEqual(
    given.toSorted((a, b) => a - b),
    expected,
  );
});

test('clocks of a pod’s own are refused where the kernel has none, and only who asks for them is told', () => {
  const without = newHost(V2, { hasTimeNamespace: false });
  const namespaces = (value: object): IsolatorSpec[] => [spec('os/linux/namespaces', value)];
  for (const time of ['private', { monotonic: '1s' }])
    assert.deepEqual(failures(namespaces({ time }), without, 'pod'), ['host/unsupported pod.yaml/time:2']);
  for (const value of [{ time: 'host' }, { uts: 'private' }])
    assert.deepEqual(failures(namespaces(value), without, 'pod'), []);
});

test('all errors are found at once', () => {
  const specs = [
    spec('resource/gpu', {}, 1),
    spec('resource/cpu', { limit: 'much' }, 2),
    spec('resource/memory', { limit: '1Gi' }, 3),
    spec('resource/memory', { limit: '2Gi' }, 4),
  ];
  assert.deepEqual(failures(specs).toSorted(), [
    'manifest/duplicate pod.yaml:4',
    'manifest/schema pod.yaml/limit:3',
    'manifest/unknown-field pod.yaml:1',
  ]);
});

test('an isolator of apps is refused for the pod', () => {
  assert.deepEqual(failures([spec('os/linux/no-new-privileges', false)], v2, 'pod'), ['manifest/schema pod.yaml:1']);
});

test('Landlock that could not restrict all it is asked to is refused', () => {
  const landlock = (value: object): IsolatorSpec => spec('os/linux/landlock', value);
  const refused = (abi: number, value: object): string[] =>
    failures([landlock(value)], newHost(V2, { landlockAbi: abi }));
  assert.deepEqual(refused(0, { read: [] }), ['host/unsupported pod.yaml:1']);
  assert.deepEqual(refused(2, { write: [] }), ['host/unsupported pod.yaml:1']);
  assert.deepEqual(refused(3, { bindTcp: [80] }), ['host/unsupported pod.yaml:1']);
  assert.deepEqual(refused(3, { write: ['/'] }), []);
});
