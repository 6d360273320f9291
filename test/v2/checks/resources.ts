import assert from 'node:assert/strict';
import { PodErrors } from '../../../stages/stage0/index.ts';
import { eventually } from '../../harness/eventually.ts';
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
        '50000 100000\n25000\n50\n16777216\n25165824\n1048576\n1',
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

export const TOGETHER_CHECKS: readonly Check[] = [
  {
    name: 'the pod protects what its apps request, or the kernel would protect nothing',
    run: async (root) => {
      const isolators = { 'resource/memory': { request: '8Mi', min: '2Mi' } };
      await using pod = await shell(root, 'exec /usr/bin/probe hold', { isolators });
      const inForce = async (): Promise<unknown[]> => {
        const { requestBytes, minBytes } = (await pod.resources())!.inForce['resource/memory'] as Json;
        return [requestBytes, minBytes];
      };
      assert.deepEqual(await inForce(), [8 << 20, 2 << 20]);
      await pod.update({ 'app/app/resource/memory.request': '4Mi', 'app/app/resource/memory.min': null });
      assert.deepEqual(await inForce(), [4 << 20, 0]);
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
    name: 'a list of processors is taken away from an app that runs, and put back',
    run: async (root) => {
      await using pod = await shell(root, 'exec /usr/bin/probe keep 20', {});
      const cpus = async (): Promise<unknown> =>
        ((await pod.resources())!.apps['app']!.inForce['resource/cpuset'] as Json)['cpus'];
      await eventually(async () => assert.ok(pod.logs().length > 0));
      const one = { 'app/app/resource/cpuset': { cpus: 1 } };
      await pod.update(one);
      assert.equal(await cpus(), '1');
      await pod.update({ 'app/app/resource/cpuset': null });
      assert.equal(await cpus(), '0-1');
      // The kernel cannot give back what is in use, and what was written before is put back.
      await assert.rejects(pod.update({ ...one, 'app/app/resource/memory.limit': '4Mi' }), /cannot be reclaimed/);
      assert.equal(await cpus(), '0-1');
    },
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
    name: 'a partition is taken away from a pod that runs, and given to it again',
    run: async (root) => {
      const isolators = { 'resource/cpuset': { cpus: 0, partition: 'root' } };
      await using pod = await shell(root, 'exec /usr/bin/probe hold', {}, { isolators });
      const partition = async (): Promise<unknown> =>
        ((await pod.resources())!.inForce['resource/cpuset'] as Json)['partition'];
      await pod.update({ 'pod/resource/cpuset.partition': null });
      assert.equal(await partition(), 'member');
      await pod.update({ 'pod/resource/cpuset.partition': 'root' });
      assert.equal(await partition(), 'root');
      await pod.update({ 'pod/resource/cpuset': null });
      assert.equal(await partition(), 'member');
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
