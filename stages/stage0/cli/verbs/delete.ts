import { PodError } from '../../error.ts';
import { deleteSet } from '../../sets/delete-set.ts';
import { noOperands, waitFlag } from '../arguments.ts';
import { FOLDER_FLAG, ownSetName, REF_FLAG, SET_FLAG } from '../set-flags.ts';
import { newSetPrinter } from '../set-printer.ts';
import { StopOnSignal } from '../stop-on-signal.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'delete',
  purpose: 'Stops and removes all pods of a set, those that nobody depends on first, and forgets the set.',
  usage: ['pod delete -f DIR [--ref REF]|--set NAME [--all] [--timeout DUR]'],
  examples: [
    ['pod delete -f prod', 'the set of that folder; the folder need not be there any more'],
    ['pod delete --set prod --all', 'also pods with the annotation pod/prune: disabled'],
  ],
  flags: [
    FOLDER_FLAG,
    SET_FLAG,
    REF_FLAG,
    { name: 'all', help: 'also pods with pod/prune: disabled, which otherwise stay, and the set with them' },
    { name: 'timeout', value: 'DUR', help: 'for all of it; default 5m' },
    {
      ...outputFlag('text'),
      help: 'table, wide, text; json, yaml (the result); jsonl (events as they happen); name (of the pods that were removed)',
    },
  ],
  notes: ["What is removed is what the set's inventory holds. Exits 3 when a pod could not be removed."],
  completes: 'files',
  run: remove,
};

async function remove(invocation: Invocation): Promise<number> {
  noOperands(invocation);
  const { flags, root, terminal, isQuiet } = invocation;
  const set = await ownSetName(invocation, undefined);
  if (set === undefined) throw new PodError('cli/usage', '-f DIR or --set NAME is missing');
  const printer = await newSetPrinter(invocation, set);
  using signals = new StopOnSignal();
  const result = await deleteSet({
    root,
    set,
    all: flags.has('all'),
    timeoutMs: waitFlag(invocation, 'timeout'),
    signal: signals.aborted,
    onEvent: printer.show,
  });
  await printer.removed(result);
  if (result.staysSuspended && !isQuiet)
    terminal.err(`set ${set} stays suspended, for it is watched: pod rollout resume ${set} would bring it back\n`);
  return result.failures.size > 0 ? 3 : 0;
}
