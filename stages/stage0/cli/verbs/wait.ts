import { PodError } from '../../error.ts';
import { PodStore } from '../../pod/store.ts';
import { type PodCondition, waitForPod } from '../../pod/wait.ts';
import { durationFlag, onlyOperand } from '../arguments.ts';
import { buryIfLeft } from '../bury.ts';
import type { Invocation, Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'wait',
  purpose: 'Waits until a pod is ready, has exited, or is deleted.',
  usage: ['pod wait POD --for ready|exit|deleted [--timeout DUR]'],
  examples: [
    ['pod wait web --for ready --timeout 30s', 'exits 1 when 30 seconds pass first'],
    ['pod wait web --for exit', "prints the pod's exit code"],
  ],
  flags: [
    { name: 'for', value: 'WHAT', values: ['ready', 'exit', 'deleted'], help: 'ready, exit (the default) or deleted' },
    { name: 'timeout', value: 'DUR', help: 'give up after DUR and exit 1' },
  ],
  notes: [
    'A pod is ready when every app is, but those that have run to their end; when that cannot come any more, it exits 1 at once.',
    'With --for exit the exit code of the pod is printed; that of this command is 0.',
  ],
  completes: 'pods',
  run: wait,
};

async function wait(invocation: Invocation): Promise<number> {
  const store = new PodStore(invocation.root);
  const condition = (invocation.flags.value('for') ?? 'exit') as PodCondition;
  const timeoutMs = durationFlag(invocation, 'timeout');
  const { uuid } = store.find(onlyOperand(invocation, 'POD'));
  const status = await waitForPod(store, uuid, condition, { timeoutMs });
  if (condition !== 'exit') return 0;
  await buryIfLeft(store, uuid);
  if (!status) throw new PodError('pod/not-found', `wait for pod ${uuid} to exit: it was removed`);
  invocation.terminal.out(`${status.exitCode ?? 'unknown'}\n`);
  return 0;
}
