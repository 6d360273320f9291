import { PodError } from '../../error.ts';
import { PodStore } from '../../pod/store.ts';
import { type PodCondition, waitForPod } from '../../pod/wait.ts';
import { onlyOperand, waitFlag } from '../arguments.ts';
import { buryIfLeft } from '../bury.ts';
import type { Invocation, Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'wait',
  purpose: 'Waits until a pod is ready, has exited, or is deleted.',
  usage: ['pod wait POD --for ready|exit|deleted [--timeout DUR]'],
  examples: [
    ['pod wait web --for ready --timeout 30s', 'wait until ready; exit 1 if 30 seconds pass first'],
    ['pod wait web --for exit', "wait for the exit and print the pod's exit code"],
  ],
  flags: [
    { name: 'for', value: 'WHAT', values: ['ready', 'exit', 'deleted'], help: 'ready, exit (the default) or deleted' },
    { name: 'timeout', value: 'DUR', help: 'give up after DUR and exit 1' },
  ],
  notes: [
    'A pod is ready when every app is ready or has run to its end. If the pod can no longer become ready, pod wait exits 1 at',
    'once. With --for exit, pod wait prints the exit code of the pod and itself exits 0. A pod that does not exist counts as',
    'deleted.',
  ],
  completes: ['pods', 'nothing'],
  run: wait,
};

/** Whoever waits for a removal may come after it. */
function find(store: PodStore, invocation: Invocation, condition: PodCondition): string | undefined {
  const query = onlyOperand(invocation, 'POD');
  try {
    return store.find(query).uuid;
  } catch (error) {
    if (condition !== 'deleted' || !(error instanceof PodError) || error.code !== 'pod/not-found') throw error;
    if (!invocation.isQuiet) invocation.terminal.err(`there is no pod "${query}"\n`);
    return undefined;
  }
}

async function wait(invocation: Invocation): Promise<number> {
  const store = new PodStore(invocation.root);
  const condition = (invocation.flags.value('for') ?? 'exit') as PodCondition;
  const timeoutMs = waitFlag(invocation, 'timeout');
  const uuid = find(store, invocation, condition);
  if (uuid === undefined) return 0;
  const status = await waitForPod(store, uuid, condition, { timeoutMs });
  if (condition !== 'exit') return 0;
  await buryIfLeft(store, uuid);
  if (!status) throw new PodError('pod/not-found', `wait for pod ${uuid} to exit: it was removed`);
  invocation.terminal.out(`${status.exitCode ?? 'unknown'}\n`);
  return 0;
}
