import { removeUnusedBridge } from '../../gc/bridge.ts';
import { removePod } from '../../gc/remove.ts';
import { PodStore } from '../../pod/store.ts';
import { forEachPod, someOperands } from '../arguments.ts';
import { killPod } from '../control.ts';
import type { Invocation, Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'rm',
  purpose: 'Removes pods with everything they left behind: logs, files, addresses, cgroups.',
  usage: ['pod rm [--force] POD…'],
  examples: [
    ['pod rm web', 'remove a pod that has exited'],
    ['pod rm --force web', 'kill the pod first if it is running'],
  ],
  flags: [{ name: 'force', short: 'f', help: 'kill the pod first if it is running' }],
  completes: ['pods'],
  run: rm,
};

async function rm(invocation: Invocation): Promise<number> {
  const { flags, isQuiet, root, terminal } = invocation;
  const store = new PodStore(root);
  const tidy = async (): Promise<unknown> => removeUnusedBridge(root);
  // Pods end at the same time, but a removal holds locks that another one in this process would wait for.
  let removals: Promise<unknown> = Promise.resolve();
  const remove = async (uuid: string): Promise<void> => {
    await removePod(root, uuid);
    if (!isQuiet) terminal.out(`${uuid}\n`);
  };
  const removeAll = forEachPod(store, someOperands(invocation, 'POD'), async (pod) => {
    if (flags.has('force')) await killPod(store, pod);
    const removal = removals.then(() => remove(pod.uuid));
    removals = removal.catch(() => undefined);
    await removal;
  });
  // The last pod's removal leaves nothing on the host. A pod that could not be removed says why first.
  const [removed, tidied] = await Promise.allSettled([removeAll, removeAll.then(tidy, tidy)]);
  for (const result of [removed, tidied]) if (result.status === 'rejected') throw result.reason;
  return 0;
}
