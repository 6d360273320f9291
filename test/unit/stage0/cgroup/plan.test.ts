import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CgroupRegisters, planCgroups } from '../../../../stages/stage0/cgroup/plan.ts';
import { cgroupMounts } from '../../../../stages/stage0/cgroup/layout.ts';
import { cgroupLedger } from '../../../../stages/stage0/cgroup/ledger.ts';
import { lowerIsolators } from '../../../../stages/stage0/isolators/lower.ts';
import type { IsolatorSpec } from '../../../../stages/stage0/manifest/spec.ts';
import type { CgroupHierarchy } from '../../../../stages/stage0/plan/facts.ts';
import {
  type Arg,
  type DataRef,
  type Op,
  Program,
  sym,
  type Tape,
  type Text,
} from '../../../../stages/tape/program.ts';
import { HYBRID, newHost, spec, V1, V2 } from '../isolators/host.ts';

interface Planned {
  /** What is played in this order: host, base, leaves. */
  readonly host: string[];
  readonly cleanup: string[];
  readonly registers: CgroupRegisters;
  readonly ops: readonly Op[];
}

/** The ops as lines: the call and its texts, `$uuid` for the symbol. */
function plan(hierarchies: readonly CgroupHierarchy[], specs: readonly IsolatorSpec[] = [], owner?: Arg): Planned {
  const facts = newHost(hierarchies);
  const pod = lowerIsolators([], 'pod', facts).draft;
  const apps = ['db', 'web'].map((name) => ({
    name,
    writes: lowerIsolators(specs, 'app', facts, { pod }).draft.cgroup,
  }));
  const program = new Program();
  const [host, base, leaves, cleanup] = (['host', 'base', 'leaves', 'cleanup'] as const).map((purpose) =>
    program.tape({ purpose }),
  ) as [Tape, Tape, Tape, Tape];
  const tapes = { host, base, leaves, cleanup };
  const registers = planCgroups(tapes, {
    facts: facts.cgroup,
    pod: pod.cgroup,
    apps,
    ...(owner ? { owner } : {}),
  });
  const show = (op: Op): string => [op.call, ...op.args.filter(isData).map((ref) => textOf(program, ref))].join(' ');
  const ops = [...host.ops, ...base.ops, ...leaves.ops];
  return { host: ops.map(show), cleanup: cleanup.ops.map(show), registers, ops };
}

function isData(arg: Arg): arg is DataRef {
  return typeof arg === 'object' && arg.kind === 'data';
}

function textOf(program: Program, ref: DataRef): string {
  const item = program.data[ref.item]!;
  return item.kind === 'text' ? spell(item.text) : `<${item.kind}>`;
}

function spell(text: Text): string {
  return typeof text === 'string'
    ? text
    : text.map((part) => (typeof part === 'string' ? part : `$${part.name}`)).join('');
}

function made({ host }: Planned): string[] {
  return host.filter((op) => op.startsWith('mkdirat')).map((op) => op.slice('mkdirat /sys/fs/cgroup'.length));
}

test('version 1 makes leaves only where an app has a limit or a count of its own', () => {
  assert.deepEqual(made(plan(HYBRID)), [
    // Where init is born.
    '/unified/pod-$uuid',
    // What it joins.
    '/cpu/pod-$uuid',
    '/memory/pod-$uuid',
    '/devices/pod-$uuid',
    '/pids/pod-$uuid',
    // What apps do.
    '/memory/pod-$uuid/app-db',
    '/memory/pod-$uuid/app-web',
    '/unified/pod-$uuid/app-db',
    '/unified/pod-$uuid/app-web',
  ]);
  const limited = plan(HYBRID, [spec('resource/cpu', { limit: 1 })]);
  assert.ok(made(limited).includes('/cpu/pod-$uuid/app-web'));
});

test('PID 1 has a leaf of its own where version 2 gives controllers to the leaves', () => {
  assert.ok(made(plan(V2)).includes('/pod-$uuid/init'));
  assert.ok(!made(plan(HYBRID)).includes('/unified/pod-$uuid/init'));
});

test('without a version 2 tree the freezer pauses the pod', () => {
  assert.ok(made(plan(V1)).includes('/freezer/pod-$uuid'));
  assert.ok(!made(plan(HYBRID)).includes('/freezer/pod-$uuid'));
});

test('devices are refused before the pod has children', () => {
  const { host } = plan([{ version: 1, controllers: ['devices', 'pids'], mountPoint: '/d' }]);
  const deny = host.findIndex((op) => op.includes('devices.deny'));
  const child = host.findIndex((op) => op.startsWith('mkdirat') && op.includes('app-'));
  assert.ok(deny > 0 && deny < child);
});

test('version 2 enables controllers on the way down, and only what is missing', () => {
  const { host } = plan(V2, [spec('resource/cpu', { limit: 1 })]);
  const enabled = host.flatMap((op, index) =>
    op.endsWith('cgroup.subtree_control') ? [`${op} ${host[index + 1]}`] : [],
  );
  assert.deepEqual(enabled, [
    'openat /sys/fs/cgroup/cgroup.subtree_control write +cpu +pids',
    'openat /sys/fs/cgroup/pod-$uuid/cgroup.subtree_control write +cpu +memory +pids',
  ]);
});

test('version 2 limits devices by a program, attached before there are children', () => {
  const { host } = plan(V2);
  const bpf = host.flatMap((op, index) => (op.startsWith('bpf') ? [index] : []));
  assert.equal(bpf.length, 2);
  assert.ok(bpf[1]! < host.findIndex((op) => op.startsWith('mkdirat') && op.includes('init')));
  assert.ok(!plan(HYBRID).host.some((op) => op.startsWith('bpf')));
});

test('what is needed to join, to kill and to tell an OOM is left open', () => {
  const { registers } = plan(HYBRID);
  assert.deepEqual(
    registers.joinInit.map(({ name }) => name),
    ['cgroup.cpu.init', 'cgroup.memory.init', 'cgroup.devices.init', 'cgroup.pids.init'],
  );
  assert.deepEqual(
    registers.joinApp.get('web')?.map(({ name }) => name),
    ['cgroup.memory.app-web'],
  );
  assert.ok(
    registers.cgroupInit && registers.cgroupApp.has('web') && registers.killApp.has('db') && registers.oomApp.has('db'),
  );
  const old = plan(V1).registers;
  assert.equal(old.cgroupInit, undefined);
  assert.equal(old.killApp.size, 0);
  assert.ok(old.oomApp.has('web'));
});

test('every other descriptor is closed again', () => {
  for (const hierarchies of [V1, V2, HYBRID]) {
    const { ops, registers } = plan(hierarchies, [spec('resource/memory', { limit: '1Gi' })]);
    const { joinInit, joinApp, cgroupApp, killApp, oomApp } = registers;
    const kept = [
      joinInit,
      ...joinApp.values(),
      [...cgroupApp.values()],
      [...killApp.values()],
      [...oomApp.values()],
    ].flat().length;
    const opened = ops.filter(({ call, args }) => call === 'openat' || (call === 'bpf' && args[0] === 5)).length;
    assert.equal(opened - ops.filter(({ call }) => call === 'close').length, kept + (registers.cgroupInit ? 1 : 0));
  }
});

test('a limit carries its line and what it is for', () => {
  const { ops } = plan(V2, [spec('resource/memory', { limit: '256Mi' }, 7)]);
  const write = ops.find(({ call, why }) => call === 'write' && why === 'limit memory to 256Mi in "memory.max"');
  assert.equal(write?.at?.line, 8);
});

test("PID 1 of a user namespace may start processes in the pod's version 2 leaves, and change nothing else", () => {
  const { host } = plan(V2, [], sym('uidBase'));
  assert.deepEqual(
    host.filter((op) => op.startsWith('fchownat')),
    [
      'fchownat /sys/fs/cgroup/pod-$uuid/cgroup.procs',
      'fchownat /sys/fs/cgroup/pod-$uuid/app-db/cgroup.procs',
      'fchownat /sys/fs/cgroup/pod-$uuid/app-web/cgroup.procs',
    ],
  );
  assert.ok(!plan(V2).host.some((op) => op.startsWith('fchownat')));
});

test('a version 1 cpuset inherits from its parent before anything joins', () => {
  const { host } = plan([{ version: 1, controllers: ['cpuset', 'pids'], mountPoint: '/c' }]);
  const at = (text: string): number => host.findIndex((op) => op === text);
  assert.ok(at('openat /c/cpuset.cpus') > 0);
  assert.ok(at('openat /c/pod-$uuid/cpuset.mems') < at('mkdirat /c/pod-$uuid/app-db'));
  assert.ok(at('openat /c/pod-$uuid/app-db/cpuset.cpus') < at('openat /c/pod-$uuid/app-db/tasks'));
});

test('cleanup removes what was made, children first', () => {
  for (const hierarchies of [V1, V2, HYBRID]) {
    const planned = plan(hierarchies);
    const removed = planned.cleanup.map((op) => op.slice('unlinkat /sys/fs/cgroup'.length));
    assert.deepEqual(removed.toSorted(), made(planned).toSorted());
    for (const [index, path] of removed.entries())
      assert.ok(!removed.slice(0, index).some((before) => path.startsWith(`${before}/`)));
  }
});

test('the ledger names each directory of the pod', () => {
  const facts = newHost(HYBRID).cgroup;
  const paths = cgroupLedger(cgroupMounts({ facts, pod: [], apps: [{ name: 'web', writes: [] }] }), 'U').map(
    ({ path }) => path,
  );
  assert.deepEqual(
    paths,
    ['cpu', 'memory', 'devices', 'pids', 'unified'].map((name) => `/sys/fs/cgroup/${name}/pod-U`),
  );
});
