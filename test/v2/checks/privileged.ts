import assert from 'node:assert/strict';
import type { Check } from '../checks.ts';
import { shell, toEnd } from './pods.ts';

type Json = Readonly<Record<string, unknown>>;

/** What takes from others, for whoever is root on the host and has all its capabilities, as the app sees it. */
function sees(root: string, isolators: Json, script: string, expected: RegExp): Promise<void> {
  return toEnd(shell(root, script, { isolators }, { userns: 'host' }), ({ code, output }) => {
    assert.equal(code, 0, output);
    assert.match(output, expected);
  });
}

export const PRIVILEGED_CHECKS: readonly Check[] = [
  {
    name: 'an app is scheduled in real time',
    run: async (root) => {
      const fifo = { 'os/linux/scheduler': { policy: 'fifo', priority: 7 } };
      await sees(root, fifo, 'chrt -p $$', /SCHED_FIFO\n.*priority: 7$/);
      const rr = { 'os/linux/scheduler': { policy: 'rr', priority: 3 } };
      await sees(root, rr, 'chrt -p $$', /SCHED_RR\n.*priority: 3$/);
    },
  },
  {
    name: 'an app is nice to nobody, neither on processors nor on disks, and is not killed for lack of memory',
    run: (root) =>
      sees(
        root,
        {
          'os/linux/scheduler': { nice: -5, io: { class: 'realtime', level: 2 } },
          'os/linux/oom-score-adj': -500,
        },
        'nice; ionice -p $$; cat /proc/self/oom_score_adj',
        /^-5\nrealtime: prio 2\n-500$/,
      ),
  },
];
