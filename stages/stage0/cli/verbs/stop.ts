import { PodStore } from '../../pod/store.ts';
import { durationFlag, forEachPod, someOperands } from '../arguments.ts';
import { stopAndWait } from '../control.ts';
import type { Invocation, Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'stop',
  purpose:
    'Stops pods gracefully: each app gets its stop signal, and SIGKILL when its grace period is over. Waits for the end of all.',
  usage: ['pod stop [--grace DUR] POD…'],
  examples: [
    ['pod stop web', "with the manifest's grace periods"],
    ['pod stop --grace 2s web db', 'two seconds for each app'],
  ],
  flags: [{ name: 'grace', value: 'DUR', help: "instead of the manifest's grace periods; 0 kills at once" }],
  completes: 'pods',
  run: stop,
};

async function stop(invocation: Invocation): Promise<number> {
  const store = new PodStore(invocation.root);
  const graceMs = durationFlag(invocation, 'grace');
  await forEachPod(store, someOperands(invocation, 'POD'), async (pod) => {
    await stopAndWait(store, pod, graceMs);
    if (!invocation.isQuiet) invocation.terminal.out(`${pod.uuid}\n`);
  });
  return 0;
}
