import { PodStore } from '../../pod/store.ts';
import { forEachPod, someOperands } from '../arguments.ts';
import { requireRunning } from '../control.ts';
import type { Invocation, Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'resume',
  purpose: 'Resumes paused pods.',
  usage: ['pod resume POD…'],
  examples: [['pod resume web', 'resume the pod after pod pause web']],
  flags: [],
  notes: ['Resuming a pod that is not paused is not an error.'],
  completes: ['running'],
  run: resume,
};

async function resume(invocation: Invocation): Promise<number> {
  const store = new PodStore(invocation.root);
  const { resumePod } = await import('../../launch/pause.ts');
  await forEachPod(store, someOperands(invocation, 'POD'), (pod) => {
    requireRunning(store, pod);
    resumePod(pod);
    if (!invocation.isQuiet) invocation.terminal.out(`${pod.uuid}\n`);
  });
  return 0;
}
