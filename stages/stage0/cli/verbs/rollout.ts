import { loadPart, type Parts } from '../parts.ts';
import { CHANGE_FLAGS, FOLDER_FLAG, SET_FLAG } from '../set-flags.ts';
import type { Invocation, Verb } from '../verb.ts';

type Part = (invocation: Invocation, set: string | undefined, rest: readonly string[]) => Promise<number>;

const PARTS: Parts<Part> = {
  status: async () => (await import('../rollout/status.ts')).status,
  history: async () => (await import('../rollout/history.ts')).history,
  undo: async () => (await import('../rollout/undo.ts')).undoSet,
  restart: async () => (await import('../rollout/restart.ts')).restartSet,
  suspend: async () => (await import('../rollout/suspend.ts')).suspend,
  resume: async () => (await import('../rollout/suspend.ts')).resume,
};

export const verb: Verb = {
  name: 'rollout',
  purpose: 'Shows the sets created by pod apply; rolls back, restarts, suspends and resumes them.',
  usage: [
    'pod rollout status [SET] [--wait] [-o FORMAT]',
    'pod rollout history SET [--revision N] [-o FORMAT]',
    'pod rollout undo SET [--to-revision N] [--wait]',
    'pod rollout restart SET [POD…] [--wait]',
    'pod rollout suspend|resume SET',
  ],
  examples: [
    ['pod rollout status prod', 'show the conditions of the set and each of its pods'],
    ['pod rollout status', 'show all sets'],
    ['pod rollout history prod', 'show the last ten revisions'],
    ['pod rollout undo prod', 'roll back to the previous revision; this holds until the folder changes'],
    ['pod rollout restart prod web', 'replace the pod with a new one from the same manifest, using its strategy'],
    ['pod rollout suspend prod', 'stop pod apply from changing the set until pod rollout resume'],
  ],
  flags: [
    FOLDER_FLAG,
    SET_FLAG,
    {
      name: 'to-revision',
      value: 'N',
      help: 'with undo: the revision to roll back to; default: the previous revision',
    },
    { name: 'revision', value: 'N', help: 'with history: show the manifests of this revision' },
    ...CHANGE_FLAGS,
  ],
  notes: [
    'With -o name: status prints the pods of SET, or all sets; history the revision numbers; suspend and resume the set.',
    'SET is the name of a set. Instead of SET, -f DIR selects the set of that folder.',
    'Exit codes: 3 a pod of the set is not healthy.',
  ],
  completes: [Object.keys(PARTS), 'sets', 'pods'],
  run: rollout,
};

async function rollout(invocation: Invocation): Promise<number> {
  const [word, ...rest] = invocation.operands;
  const part = await loadPart('rollout', PARTS, word);
  const { ownSetName } = await import('../set-flags.ts');
  const isNamed = invocation.flags.has('file') || invocation.flags.has('set');
  const operand = isNamed ? undefined : rest[0];
  return part(invocation, await ownSetName(invocation, operand), isNamed ? rest : rest.slice(1));
}
