import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HostFacts } from '../../../../stages/stage0/plan/facts.ts';
import { newHost } from './host.ts';
import { type Asked, FULL_HYBRID, FULL_V1, FULL_V2, lowered } from './table.ts';

interface Row {
  readonly name: string;
  readonly asked: Asked;
  readonly v1: readonly string[];
  readonly v2: readonly string[];
}

const cpu = (value: object): Asked => ({ app: { 'resource/cpu': value } });
const cpuset = (value: object, pod?: object): Asked => ({
  app: { 'resource/cpuset': value },
  ...(pod ? { pod: { 'resource/cpuset': pod } } : {}),
});
const memory = (value: object, pod?: object): Asked => ({
  app: { 'resource/memory': value },
  ...(pod ? { pod: { 'resource/memory': pod } } : {}),
});

function row(name: string, asked: Asked, v1: readonly string[], v2: readonly string[] = v1): Row {
  return { name, asked, v1, v2 };
}

const MIB = 1 << 20;
const TABLE: readonly Row[] = [
  row(
    'a burst on top of a limit',
    cpu({ limit: 1, burst: '250m' }),
    ['cpu.shares=1024', 'cpu.cfs_quota_us=100000', 'cpu.cfs_burst_us=25000'],
    ['cpu.weight=100', 'cpu.max=100000 100000', 'cpu.max.burst=25000'],
  ),
  row('a burst above the limit', cpu({ limit: 1, burst: 2 }), ['manifest/schema /burst']),
  row('a burst of nothing', cpu({ burst: 2 }), ['manifest/schema /burst']),
  row('utilization clamps', cpu({ uclampMin: 10, uclampMax: '55.5' }), ['cpu.uclamp.min=10', 'cpu.uclamp.max=55.5']),
  row('clamps that cross', cpu({ uclampMin: 60, uclampMax: 50 }), ['manifest/schema /uclampMin']),
  row(
    'an app with more processor than its pod',
    { app: { 'resource/cpu': { limit: 2 } }, pod: { 'resource/cpu': { limit: 1 } } },
    ['manifest/schema /limit'],
  ),
  row(
    'a request, and clamps, above what the pod has',
    {
      app: { 'resource/cpu': { request: '1.5', uclampMin: 30, uclampMax: 60 } },
      pod: { 'resource/cpu': { limit: 1, uclampMin: 20, uclampMax: 50 } },
    },
    ['manifest/schema /request', 'manifest/schema /uclampMax', 'manifest/schema /uclampMin'],
  ),
  row('more processor than the kernel can count', cpu({ limit: 175_921_861 }), ['manifest/schema /limit']),
  row(
    'everything that is wrong with time of processors',
    cpu({ request: 2, limit: 1, burst: 3, uclampMin: 60, uclampMax: 50 }),
    ['manifest/schema /burst', 'manifest/schema /request', 'manifest/schema /uclampMin'],
  ),
  row('shares', { app: { 'os/linux/cpu-shares': 512 } }, ['cpu.shares=512'], ['cpu.weight=50']),
  row(
    'shares in place of what a limit implies',
    { app: { 'os/linux/cpu-shares': '512', 'resource/cpu': { limit: 1 } } },
    ['cpu.cfs_quota_us=100000', 'cpu.shares=512'],
    ['cpu.max=100000 100000', 'cpu.weight=50'],
  ),
  row('shares and a request', { app: { 'os/linux/cpu-shares': 512, 'resource/cpu': { request: 1 } } }, [
    'manifest/schema',
  ]),
  row('too many shares', { app: { 'os/linux/cpu-shares': 262_145 } }, ['manifest/schema']),
  row(
    'everything that is wrong with lists',
    cpuset({ cpus: '7-6', mems: 3, partition: 'root' }),
    ['manifest/schema /cpus', 'host/unsupported /mems', 'host/unsupported /partition'],
    ['manifest/schema /cpus', 'host/unsupported /mems', 'manifest/schema /partition'],
  ),
  row('processors and memory nodes', cpuset({ cpus: '0,2-3', mems: 0 }), ['cpuset.cpus=0,2-3', 'cpuset.mems=0']),
  row('a processor that is not there', cpuset({ cpus: '2-5' }), ['host/unsupported /cpus']),
  row('a memory node that is not there', cpuset({ mems: 1 }), ['host/unsupported /mems']),
  row('a list that runs backwards', cpuset({ cpus: '3-1' }), ['manifest/schema /cpus']),
  row('a processor the pod does not have', cpuset({ cpus: '0-1' }, { cpus: 1 }), ['manifest/schema /cpus']),
  row(
    'a partition of an app in one of its pod',
    cpuset({ cpus: 1, partition: 'isolated' }, { cpus: '1-2', partition: 'root' }),
    ['host/unsupported /partition', 'host/unsupported /partition'],
    ['cpuset.cpus=1', 'cpuset.cpus.partition=isolated'],
  ),
  row(
    'a partition in none',
    cpuset({ cpus: 1, partition: 'root' }),
    ['host/unsupported /partition'],
    ['manifest/schema /partition'],
  ),
  row(
    'a partition of nothing',
    cpuset({ partition: 'root' }, { cpus: 1, partition: 'root' }),
    ['host/unsupported /partition', 'host/unsupported /partition'],
    ['manifest/schema /partition'],
  ),
  row('no partition', cpuset({ partition: 'member' }), []),
  row(
    'memory and swap',
    memory({ limit: '64Mi', swap: '16Mi' }),
    [`memory.limit_in_bytes=${64 * MIB}`, `memory.memsw.limit_in_bytes=${80 * MIB}`],
    [`memory.max=${64 * MIB}`, `memory.swap.max=${16 * MIB}`],
  ),
  row('swap alone', memory({ swap: '16Mi' }), ['host/unsupported /swap'], [`memory.swap.max=${16 * MIB}`]),
  row(
    'all of version 2',
    memory({ request: 1, min: 2, high: '4Mi', limit: '8Mi', swap: 3, zswap: 4, oomGroup: true }),
    ['high', 'min', 'oomGroup', 'zswap'].map((field) => `host/unsupported /${field}`),
    [
      'memory.low=1',
      'memory.min=2',
      'memory.high=4194304',
      'memory.max=8388608',
      'memory.swap.max=3',
      'memory.zswap.max=4',
      'memory.oom.group=1',
    ],
  ),
  row('min', memory({ min: 1 }), ['host/unsupported /min'], ['memory.min=1']),
  row('zswap', memory({ zswap: 0 }), ['host/unsupported /zswap'], ['memory.zswap.max=0']),
  row('a group', memory({ oomGroup: true }), ['host/unsupported /oomGroup'], ['memory.oom.group=1']),
  row('no group', memory({ oomGroup: false }), []),
  row(
    'a high mark above the limit',
    memory({ high: '2Mi', limit: '1Mi' }),
    ['manifest/schema /high', 'host/unsupported /high'],
    ['manifest/schema /high'],
  ),
  row(
    'a request above the high mark',
    memory({ request: 2, high: 1 }),
    ['host/unsupported /high', 'manifest/schema /request'],
    ['manifest/schema /request'],
  ),
  row(
    'a minimum above the limit',
    memory({ min: '2Mi', limit: '1Mi' }),
    ['manifest/schema /min', 'host/unsupported /min'],
    ['manifest/schema /min'],
  ),
  row('everything that is wrong with memory', memory({ limit: '1k', request: '3Mi', swap: '2Mi' }, { limit: '2Mi' }), [
    'manifest/schema /limit',
    'manifest/schema /request',
    'manifest/schema /request',
    'manifest/schema /swap',
  ]),
  row('swap above what the pod has', memory({ limit: '2Mi', swap: '2Mi' }, { limit: '2Mi', swap: '1Mi' }), [
    'manifest/schema /swap',
  ]),
  row(
    'compressed swap above what the pod has',
    memory({ zswap: '2Mi' }, { zswap: '1Mi' }),
    ['host/unsupported /zswap', 'host/unsupported /zswap'],
    ['manifest/schema /zswap'],
  ),
  row('an app with more memory than its pod', memory({ limit: '2Mi' }, { limit: '1Mi' }), ['manifest/schema /limit']),
  row('a request above what the pod may use', memory({ request: '2Mi' }, { limit: '1Mi' }), [
    'manifest/schema /request',
  ]),
];

for (const { name, asked, v1, v2 } of TABLE) {
  test(`${name}: on version 1, version 2 and both`, () => {
    assert.deepEqual(lowered(FULL_V1, asked), v1);
    assert.deepEqual(lowered(FULL_V2, asked), v2);
    assert.deepEqual(lowered(FULL_HYBRID, asked), v1);
  });
}

test('clamps are refused by a kernel that has none', () => {
  const host = { ...FULL_V2, looked: { 'text /proc/sys/kernel/sched_util_clamp_min': null } };
  assert.deepEqual(lowered(host, cpu({ uclampMax: 50 })), ['host/unsupported /uclampMax']);
});

test('a control file that the kernel lacks, or whose feature it lacks, is refused before there is anything', () => {
  const lacking = (looked: HostFacts['looked']): HostFacts => ({
    ...FULL_V2,
    looked: { ...FULL_V2.looked, ...looked },
  });
  const zswap = memory({ zswap: '1Mi' });
  const refused = ['host/unsupported /zswap'];
  assert.deepEqual(lowered(lacking({ 'control /cg/memory.zswap.max': false }), zswap), refused);
  assert.deepEqual(lowered(lacking({ 'text /sys/module/zswap/parameters/enabled': null }), zswap), refused);
  const burst = cpu({ limit: 1, burst: 1 });
  assert.deepEqual(lowered(lacking({ 'control /cg/cpu.max.burst': false }), burst), ['host/unsupported /burst']);
  const latency = { app: { 'resource/io': { latency: [{ path: '/srv/db', target: '1ms' }] } } };
  const { looked } = lacking({ 'control /cg/io.latency': false });
  assert.deepEqual(lowered({ ...FULL_V2, looked }, latency), ['host/unsupported /latency/0/target']);
});

test('a host without the controller refuses', () => {
  assert.deepEqual(lowered(newHost([]), cpuset({ cpus: 0 })), ['host/unsupported']);
  assert.deepEqual(lowered(newHost([]), { app: { 'os/linux/cpu-shares': 100 } }), ['host/unsupported']);
});
