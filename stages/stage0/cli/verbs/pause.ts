import { PodStore } from '../../pod/store.ts';
import { forEachPod, someOperands } from '../arguments.ts';
import { requireRunning } from '../control.ts';
import type { Invocation, Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'pause',
  purpose: 'Freezes every process of pods until they are resumed.',
  usage: ['pod pause POD…'],
  examples: [
    ['pod pause web', 'freeze all processes of the pod'],
    ['pod resume web', 'continue where the processes were frozen'],
  ],
  flags: [],
  notes: [
    'A paused pod keeps its memory and its network. pod stop, pod kill (with SIGKILL) and pod rm --force resume it first;',
    'other verbs that talk to the pod are refused. Pausing a paused pod is not an error.',
  ],
  completes: ['running'],
  run: pause,
};

async function pause(invocation: Invocation): Promise<number> {
  const store = new PodStore(invocation.root);
  const { pausePod } = await import('../../launch/pause.ts');
  await forEachPod(store, someOperands(invocation, 'POD'), async (pod) => {
    requireRunning(store, pod);
    await pausePod(pod);
    if (!invocation.isQuiet) invocation.terminal.out(`${pod.uuid}\n`);
  });
  return 0;
}
