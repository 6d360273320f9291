import { PodStore } from '../../pod/store.ts';
import { forEachPod, someOperands } from '../arguments.ts';
import { requireRunning } from '../control.ts';
import type { Invocation, Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'pause',
  purpose: 'Stops every process of pods where it is, until they are resumed.',
  usage: ['pod pause POD…'],
  examples: [
    ['pod pause web', 'no instruction of it runs any more'],
    ['pod resume web', 'goes on as if nothing had been'],
  ],
  flags: [],
  notes: [
    'A paused pod keeps its memory and its network. It can be stopped, killed and removed with --force, which wakes it first;',
    'other verbs that talk to it are refused. Pausing a paused pod is no error.',
  ],
  completes: 'pods',
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
