import { PodStore } from '../../pod/store.ts';
import { forEachPod, someOperands, waitFlag } from '../arguments.ts';
import { stopAndWait } from '../control.ts';
import type { Invocation, Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'stop',
  purpose:
    'Stops pods gracefully: sends each app its stop signal, and SIGKILL when its grace period is over. Waits until all have ended.',
  usage: ['pod stop [--grace DUR] POD…'],
  examples: [
    ['pod stop web', 'stop with the grace periods of the manifest'],
    ['pod stop --grace 2s web db', 'stop with a grace period of two seconds for each app'],
  ],
  flags: [
    { name: 'grace', value: 'DUR', help: 'use DUR instead of the grace periods of the manifest; 0 kills at once' },
  ],
  completes: ['running'],
  run: stop,
};

async function stop(invocation: Invocation): Promise<number> {
  const store = new PodStore(invocation.root);
  const graceMs = waitFlag(invocation, 'grace');
  await forEachPod(store, someOperands(invocation, 'POD'), async (pod) => {
    await stopAndWait(store, pod, graceMs);
    if (!invocation.isQuiet) invocation.terminal.out(`${pod.uuid}\n`);
  });
  return 0;
}
