import assert from 'node:assert/strict';
import type { Check } from '../checks.ts';
import { shell, start, toEnd } from './pods.ts';

const PROBE = '/usr/bin/probe';

function limited(limits: Readonly<Record<string, unknown>>): { isolators: Readonly<Record<string, unknown>> } {
  return { isolators: limits };
}

const MEMORY = limited({ 'resource/memory': { limit: '24Mi' } });

export const LIMIT_CHECKS: readonly Check[] = [
  {
    name: 'an app over its memory limit is killed, and the status says why',
    run: (root) =>
      toEnd(start(root, [PROBE, 'alloc', '64'], MEMORY), ({ code, pod }) => {
        assert.deepEqual([code, pod.status()?.apps[0]?.oomKilled], [137, true]);
      }),
  },
  {
    name: 'an app within its memory limit is not said to be out of memory',
    run: (root) =>
      toEnd(shell(root, 'kill -9 $$', MEMORY), ({ code, pod }) => {
        assert.deepEqual([code, pod.status()?.apps[0]?.oomKilled], [137, false]);
      }),
  },
  {
    name: 'an app cannot have more processes than its limit',
    run: (root) =>
      toEnd(start(root, [PROBE, 'fork', '40'], limited({ 'resource/pids': { limit: 10 } })), ({ output }) => {
        assert.equal(output, 'forked 9: EAGAIN');
      }),
  },
  {
    name: 'a busy app gets no more processor than its limit',
    run: (root) =>
      toEnd(start(root, [PROBE, 'burn', '1000'], limited({ 'resource/cpu': { limit: '200m' } })), ({ output }) => {
        const burned = Number(/^burned (\d+) ms/.exec(output)?.[1]);
        // 200 ms by the limit, and a period's worth of slack.
        assert.ok(burned > 20 && burned < 400, output);
      }),
  },
  {
    name: 'the limit of the pod bounds its apps',
    run: (root) =>
      toEnd(start(root, [PROBE, 'alloc', '64'], {}, MEMORY), ({ code }) => {
        assert.equal(code, 137);
      }),
  },
  {
    name: 'devices outside the policy cannot be made, even by real root',
    run: (root) => {
      const script = 'cd /tmp; mknod null c 1 3 && echo null; mknod mem c 1 1 || mknod disk b 98 0 || echo refused';
      const app = limited({ 'os/linux/capabilities-retain-set': { set: ['CAP_MKNOD'] } });
      return toEnd(shell(root, `{ ${script}; } 2>/dev/null`, app, { userns: 'host' }), ({ output }) => {
        assert.equal(output, 'null\nrefused');
      });
    },
  },
];
