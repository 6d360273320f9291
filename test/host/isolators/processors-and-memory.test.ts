import assert from 'node:assert/strict';
import { test } from 'node:test';
import { useTempRoot } from '../../harness/temp-root.ts';
import { type Isolated, outputOf, runIsolated } from './isolated-pod.ts';
import { facts } from './with-cgroups.ts';

const root = useTempRoot();

/** The version of the hierarchy that has the controller; 0: none does. */
function versionOf(controller: string): 0 | 1 | 2 {
  return facts.hierarchies.find(({ controllers }) => controllers.includes(controller))?.version ?? 0;
}

const skipCpuset = versionOf('cpuset') === 0 && 'no cpuset controller';
const MIB = 1 << 20;

/** What the kernel has for the app, as it is shown in the pod. */
function read(controller: string, version1: string, version2: string): string {
  return versionOf(controller) === 1 && facts.mode !== 'v2'
    ? `cat /sys/fs/cgroup/${controller}/${version1}`
    : `cat /sys/fs/cgroup/${version2}`;
}

const AFFINITY = 'nproc; grep -w Cpus_allowed_list /proc/self/status; grep -w Mems_allowed_list /proc/self/status';

test('an app runs on its processors only', { skip: skipCpuset }, async () => {
  const output = await outputOf(root, AFFINITY, { app: { 'resource/cpuset': { cpus: 1, mems: 0 } } });
  assert.deepEqual(output.split(/\s+/), ['1', 'Cpus_allowed_list:', '1', 'Mems_allowed_list:', '0']);
});

test('an app cannot leave the processors of its pod', { skip: skipCpuset }, async () => {
  const output = await outputOf(root, `${AFFINITY}; taskset -c 1 true || echo no`, {
    pod: { 'resource/cpuset': { cpus: '0' } },
  });
  assert.deepEqual(output.split(/\s+/), ['1', 'Cpus_allowed_list:', '0', 'Mems_allowed_list:', '0', 'no']);
});

test('a processor that is not there is refused at its line', { skip: skipCpuset }, async () => {
  const { stderr, exitCode } = await runIsolated(root, 'true', { app: { 'resource/cpuset': { cpus: '0,77' } } });
  assert.equal(exitCode, 125);
  assert.match(stderr, /^-:\d+:\d+: .*processor 77/m);
});

test('a hierarchy no isolator asks for is not joined', async () => {
  const seen = await outputOf(root, 'ls /sys/fs/cgroup', {});
  for (const controller of ['cpuset', 'blkio']) assert.ok(!seen.split('\n').includes(controller), seen);
});

const FILES: readonly (readonly [string, Isolated, string, string])[] = [
  [
    'burst',
    { app: { 'resource/cpu': { limit: '500m', burst: '250m' } } },
    read('cpu', 'cpu.cfs_burst_us', 'cpu.max.burst'),
    '25000',
  ],
  ['shares', { app: { 'os/linux/cpu-shares': 262_144 } }, read('cpu', 'cpu.shares', 'cpu.weight'), '262144|10000'],
  [
    'swap',
    { app: { 'resource/memory': { limit: '64Mi', swap: '16Mi' } } },
    read('memory', 'memory.memsw.limit_in_bytes', 'memory.swap.max'),
    `${80 * MIB}|${16 * MIB}`,
  ],
];

for (const [name, isolators, command, expected] of FILES) {
  test(`${name}: in force as the app sees it`, async () => {
    assert.match(await outputOf(root, command, isolators), new RegExp(`^(${expected})$`));
  });
}

const MARKED = { app: { 'resource/memory': { limit: '64Mi', high: '32Mi' } } };

test(
  'a high mark is refused on version 1, at its line',
  { skip: versionOf('memory') !== 1 && 'version 2' },
  async () => {
    const { stderr, exitCode } = await runIsolated(root, 'true', MARKED);
    assert.equal(exitCode, 125);
    assert.match(stderr, /^-:\d+:\d+: .*"high" of memory: cgroup version 1/m);
  },
);
