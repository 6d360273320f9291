import { PodError } from '../../error.ts';
import { deleteSet } from '../../sets/delete-set.ts';
import { noOperands, waitFlag } from '../arguments.ts';
import { FOLDER_FLAG, ownSetName, REF_FLAG, SET_FLAG } from '../set-flags.ts';
import { newSetPrinter } from '../set-printer.ts';
import { StopOnSignal } from '../stop-on-signal.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'delete',
  purpose: 'Stops and removes all pods of a set, dependents first, and forgets the set.',
  usage: ['pod delete -f DIR [--ref REF]|--set NAME [--all] [--timeout DUR]'],
  examples: [
    ['pod delete -f prod', 'delete the set of this folder; the folder itself need not exist any more'],
    ['pod delete --set prod --all', 'also delete pods with the annotation pod/prune: disabled'],
  ],
  flags: [
    FOLDER_FLAG,
    SET_FLAG,
    REF_FLAG,
    { name: 'all', help: 'also remove pods with pod/prune: disabled; without --all, these pods and the set stay' },
    { name: 'timeout', value: 'DUR', help: 'time limit for the whole operation; default 5m' },
    {
      ...outputFlag('text'),
      help: 'table, wide, text; json, yaml (the result); jsonl (events as they happen); name (names of the removed pods)',
    },
  ],
  notes: ["pod delete removes the pods in the set's inventory. Exits 3 if a pod could not be removed."],
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
    terminal.err(
      `set ${set} stays suspended because it is watched: pod rollout resume ${set} would create its pods again\n`,
    );
  return result.failures.size > 0 ? 3 : 0;
}
