import assert from 'node:assert/strict';
import { PodErrors } from '../../../stages/stage0/index.ts';
import type { Check } from '../checks.ts';
import { shell, toEnd } from './pods.ts';

type Json = Readonly<Record<string, unknown>>;

/** What the app reads of its own control files. */
function reads(
  root: string,
  files: readonly string[],
  isolators: Json,
  expected: string,
  pod: Json = {},
): Promise<void> {
  const script = `cd /sys/fs/cgroup; cat ${files.join(' ')}`;
  return toEnd(shell(root, script, { isolators }, pod), ({ output }) => assert.equal(output, expected));
}

export const UNIFIED_CHECKS: readonly Check[] = [
  {
    name: 'limits of processor and memory are what the kernel has',
    run: (root) =>
      reads(
        root,
        ['cpu.max', 'cpu.max.burst', 'cpu.weight', 'memory.high', 'memory.max', 'memory.min', 'memory.oom.group'],
        {
          'resource/cpu': { limit: '500m', burst: '250m' },
          'os/linux/cpu-shares': 512,
          'resource/memory': { min: '1Mi', high: '16Mi', limit: '24Mi', oomGroup: true },
        },
        '50000 100000\n25000\n20\n16777216\n25165824\n1048576\n1',
      ),
  },
  {
    name: 'all processes of a group end together when memory runs out',
    run: (root) => {
      const isolators = { 'resource/memory': { limit: '24Mi', oomGroup: true } };
      // The shell would say so if it outlived the probe.
      const script = '/usr/bin/probe alloc 64; echo outlived';
      return toEnd(shell(root, script, { isolators }), ({ code, output }) => {
        assert.deepEqual([code, output], [137, '']);
      });
    },
  },
];

export const CPUSET_CHECKS: readonly Check[] = [
  {
    name: 'an app runs on its processors',
    run: (root) =>
      reads(
        root,
        ['cpuset.cpus', 'cpuset.mems', 'cpuset.cpus.effective'],
        { 'resource/cpuset': { cpus: 0, mems: 0 } },
        '0\n0\n0',
      ),
  },
  {
    name: 'a partition of the pod is one, and its apps run in it',
    run: (root) => {
      const isolators = { 'resource/cpuset': { cpus: 0, partition: 'root' } };
      // The guest has no grep.
      const script =
        'while read -r key value; do [ $key = Cpus_allowed_list: ] && echo $value; done < /proc/self/status; :';
      return toEnd(shell(root, script, {}, { isolators }), ({ output }) => assert.equal(output, '0'));
    },
  },
  {
    name: 'a partition the kernel does not grant is refused at its line',
    run: async (root) => {
      // All processors: whoever else runs could run nowhere.
      const isolators = { 'resource/cpuset': { cpus: '0-1', partition: 'root' } };
      await assert.rejects(shell(root, 'true', {}, { isolators }), (error) => {
        const [first] = error instanceof PodErrors ? error.errors : [error as Error];
        assert.match(first!.message, /partition "root": the kernel says it is not in force/);
        assert.ok('at' in first! && (first.at as { line: number }).line > 1);
        return true;
      });
    },
  },
  {
    name: 'huge pages are limited',
    run: (root) =>
      reads(
        root,
        ['hugetlb.2MB.max', 'hugetlb.2MB.rsvd.max'],
        { 'resource/hugetlb': { '2Mi': '4Mi' } },
        '4194304\n4194304',
      ),
  },
];
