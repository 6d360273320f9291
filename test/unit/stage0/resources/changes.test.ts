import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowerIsolators } from '../../../../stages/stage0/isolators/lower.ts';
import type { LoweredPod } from '../../../../stages/stage0/isolators/lower-pod.ts';
import type { CgroupWrite } from '../../../../stages/stage0/isolators/isolator.ts';
import { ISOLATORS } from '../../../../stages/stage0/isolators/registry.ts';
import type { HostFacts } from '../../../../stages/stage0/plan/facts.ts';
import { isInForce, valueBefore } from '../../../../stages/stage0/resources/compare.ts';
import { type Located, orderSteps } from '../../../../stages/stage0/resources/order-steps.ts';
import { planChanges } from '../../../../stages/stage0/resources/plan-changes.ts';
import { spec } from '../isolators/host.ts';
import { FULL_V1, FULL_V2 } from '../isolators/table.ts';

type Values = Readonly<Record<string, unknown>>;

function lower(host: HostFacts, pod: Values, web: Values): LoweredPod {
  const specs = (values: Values) => Object.entries(values).map(([name, value]) => spec(name, value));
  const lowered = lowerIsolators(specs(pod), 'pod', host);
  const app = lowerIsolators(specs(web), 'app', host, { pod: lowered.draft });
  assert.deepEqual([...lowered.errors, ...app.errors], []);
  return { pod: lowered, apps: new Map([['web', app]]) };
}

type Pair = readonly [pod: Values, web: Values];

/** The changes from one pod to another, as `FILE=VALUE` of the pod and `web FILE=VALUE` of its app. */
function changes(host: HostFacts, [from, to]: readonly [Pair, Pair], touched: readonly string[] = []): string[] {
  const planned = planChanges(lower(host, ...from), lower(host, ...to), new Set(touched));
  return planned.changes.map(({ app, write }) => `${app === undefined ? '' : `${app} `}${write.file}=${write.value}`);
}

const memory = (limit: string, more: Values = {}): Values => ({ 'resource/memory': { limit, ...more } });
const MIB = 1 << 20;

test('only what differs is written', () => {
  const pair: readonly [Pair, Pair] = [
    [{}, memory('64Mi', { request: '1Mi' })],
    [{}, memory('32Mi', { request: '1Mi' })],
  ];
  assert.deepEqual(changes(FULL_V2, pair), [`web memory.max=${32 * MIB}`]);
  assert.deepEqual(changes(FULL_V1, pair), [
    `web memory.limit_in_bytes=${32 * MIB}`,
    `web memory.memsw.limit_in_bytes=${32 * MIB}`,
  ]);
});

test('all of an app that was named is looked at, for somebody may have written to its files', () => {
  const pair: readonly [Pair, Pair] = [
    [{}, memory('64Mi')],
    [{}, memory('64Mi')],
  ];
  assert.deepEqual(changes(FULL_V2, pair, ['web']), [`web memory.max=${64 * MIB}`, 'web memory.swap.max=0']);
});

test('what is taken away gets what the kernel has by itself', () => {
  const from: Pair = [
    { 'resource/cpu': { limit: 2 } },
    { ...memory('64Mi', { request: '1Mi' }), 'resource/cpu': { limit: 1, burst: '500m' } },
  ];
  assert.deepEqual(changes(FULL_V2, [from, [{}, {}]]), [
    'cpu.weight=100',
    'cpu.max=max 100000',
    'web cpu.weight=100',
    'web cpu.max=max 100000',
    'web cpu.max.burst=0',
    'web memory.low=0',
    'web memory.max=max',
    'web memory.swap.max=max',
  ]);
});

test('a list of processors of version 1 cannot be taken back', () => {
  const cpus = { 'resource/cpuset': { cpus: '0' } };
  const planned = planChanges(lower(FULL_V1, {}, cpus), lower(FULL_V1, {}, {}), new Set());
  assert.deepEqual(
    planned.stuck.map(({ app, write }) => [app, write.file]),
    [['web', 'cpuset.cpus']],
  );
});

test('a list of processors of version 2 is taken back by one of all there can be', () => {
  const all = { 'resource/cpuset': { cpus: '0', mems: '0' } };
  const pair: readonly [Pair, Pair] = [
    [{}, all],
    [{}, {}],
  ];
  // The kernel takes no empty list while there are processes (ENOSPC). Of memory nodes a kernel without NUMA says less.
  assert.deepEqual(changes(FULL_V2, pair), ['web cpuset.cpus=0-7', 'web cpuset.mems=0']);
  const { draft } = lower(FULL_V2, {}, all).apps.get('web')!;
  assert.equal(valueBefore('\n', draft.cgroup[0]!), '0-7');
});

/** Steps as `FILE=VALUE`, from changes with what their files hold before. */
function steps(
  ...all: readonly (readonly [app: string | undefined, before: string, write: Partial<CgroupWrite>])[]
): string[] {
  const located = all.map(([app, before, write]): Located => ({
    app,
    before,
    path: '',
    write: { controller: '', file: 'f', value: '', ...write },
  }));
  return orderSteps(located).map(({ located: { app, write }, value }) => `${app ?? 'pod'} ${write.file}=${value}`);
}

const LIMIT = { file: 'limit', boundedBy: 'both' } as const;

test('what widens is written from the outside in', () => {
  assert.deepEqual(
    steps(
      ['web', '1', { ...LIMIT, value: '2' }],
      ['web', '1', { file: 'both', value: '2' }],
      [undefined, '1', { ...LIMIT, value: '4' }],
      [undefined, '1', { file: 'both', value: 'max' }],
    ),
    ['pod both=max', 'pod limit=4', 'web both=2', 'web limit=2'],
  );
});

test('what narrows is written from the inside out, after what widens', () => {
  assert.deepEqual(
    steps(
      [undefined, 'max\n', { file: 'both', value: '4' }],
      [undefined, '-1\n', { ...LIMIT, value: '4' }],
      ['web', '4\n', { file: 'both', value: '2' }],
      ['web', '4\n', { ...LIMIT, value: '2' }],
      ['web', '10\n', { file: 'weight', value: '20' }],
    ),
    ['web weight=20', 'web limit=2', 'web both=2', 'pod limit=4', 'pod both=4'],
  );
});

test('between two lists without a common one the pod has both', () => {
  assert.deepEqual(
    steps(
      [undefined, '0\n', { file: 'cpus', value: '1', isList: true }],
      ['web', '0\n', { file: 'cpus', value: '1', isList: true }],
    ),
    ['pod cpus=0,1', 'web cpus=1', 'pod cpus=1'],
  );
  assert.deepEqual(steps([undefined, '0-3\n', { file: 'cpus', value: '1-2', isList: true }]), ['pod cpus=1-2']);
});

test('what is in force is not written', () => {
  assert.deepEqual(
    steps(
      [undefined, '50000 100000\n', { value: '50000 100000' }],
      [undefined, '8:0 rbps=5 wbps=max riops=max wiops=max\n', { value: '8:0 rbps=5', key: '8:0' }],
      [undefined, 'default 100\n8:0 50\n', { value: '100', key: 'default' }],
    ),
    [],
  );
});

const IO: CgroupWrite = { controller: 'io', file: 'io.max', value: '8:0 rbps=5', key: '8:0', unset: '8:0 rbps=max' };

test('what was there before is put back as a line of its own, or taken back', () => {
  const other = '8:16 rbps=1 wbps=1 riops=1 wiops=1\n';
  const own = '8:0 rbps=9 wbps=max riops=max wiops=max';
  assert.equal(valueBefore(`${other}${own}\n`, IO), own);
  assert.equal(valueBefore(other, IO), '8:0 rbps=max');
  assert.equal(valueBefore('max 100000\n', { ...IO, key: undefined as never }), 'max 100000');
  assert.equal(valueBefore('\n', { controller: '', file: '', value: '0' }), '\n');
  assert.equal(isInForce(own, IO), false);
});

test('every write of an isolator that can change says how it is taken back, but for lists of version 1', () => {
  const examples = ISOLATORS.filter(({ fixed }) => fixed === undefined);
  for (const host of [FULL_V1, FULL_V2]) {
    for (const { name, example, scopes } of examples) {
      for (const scope of scopes) {
        const { draft } = lowerIsolators([spec(name, example)], scope, host);
        const lacking = draft.cgroup.filter(({ unset, isList }) => unset === undefined && !isList);
        assert.deepEqual(lacking, [], name);
        assert.deepEqual(
          [draft.devices, draft.sysctls, draft.bandwidth, draft.process.settings],
          [[], [], undefined, []],
        );
      }
    }
  }
});
