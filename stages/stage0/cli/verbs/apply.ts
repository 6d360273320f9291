import { PodError } from '../../error.ts';
import { reconcile } from '../../sets/reconcile.ts';
import { noOperands, waitFlag } from '../arguments.ts';
import { changeSet } from '../change-set.ts';
import type { Parsed } from '../flags.ts';
import { CHANGE_FLAGS, FOLDER_FLAG, folderSource, REPOSITORY_FLAGS, SET_FLAG, setName } from '../set-flags.ts';
import { FROZEN_FLAG, type Invocation, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'apply',
  purpose:
    'Makes the pods of this host match a folder of manifests: creates new pods, replaces changed pods, restarts dead pods.',
  usage: [
    'pod apply -f DIR [--set NAME] [--prune [--allow-empty]] [--wait] [--timeout DUR] [--auto-rollback]',
    'pod apply -f DIR --dry-run [--save-plan F]',
    'pod apply -f git+https://HOST/REPO//PATH?ref=REF | -f DIR --ref REF [--allowed-signers F]',
    'pod apply --watch -f DIR [--prune] [--resync DUR] [--wait] [--auto-rollback]',
    'pod apply --plan F [--wait] [--timeout DUR]',
  ],
  examples: [
    ['pod apply -f prod', 'create or update the pods of the folder; a second run does nothing'],
    [
      'pod apply -f prod --prune --wait',
      'also remove pods that are no longer in the folder, and wait until all are healthy',
    ],
    [
      'pod apply -f prod --wait --timeout 1m --auto-rollback',
      'roll back to the last healthy revision if a pod is not healthy',
    ],
    ['pod apply -f prod --dry-run', 'show what would be done'],
    ['pod apply --watch -f prod --prune', 'keep applying until SIGTERM; the pods keep running after that'],
    [
      'pod apply -f prod --save-plan plan.json && pod apply --plan plan.json',
      'review the plan, then apply exactly that plan',
    ],
  ],
  flags: [
    FOLDER_FLAG,
    SET_FLAG,
    ...REPOSITORY_FLAGS,
    { name: 'prune', help: 'finally remove pods of the set that are no longer in the folder' },
    { name: 'allow-empty', help: 'with --prune: prune even if the folder has no manifest at all' },
    {
      name: 'auto-rollback',
      help: 'wait, and roll back to the last healthy revision if a pod is not healthy; --timeout starts again for the rollback',
    },
    { name: 'watch', help: 'keep running: apply changes, and restart pods that end' },
    {
      name: 'resync',
      value: 'DUR',
      help: 'with --watch: check everything at this interval; default 5m, for a repository 1m',
    },
    { name: 'dry-run', help: 'show what would be done, without doing it' },
    { name: 'save-plan', value: 'F', isPath: true, help: 'like --dry-run, and write the plan to F' },
    {
      name: 'plan',
      value: 'F',
      isPath: true,
      help: 'apply the plan saved in F; refused if the state has changed since',
    },
    ...CHANGE_FLAGS,
    FROZEN_FLAG,
  ],
  notes: [
    'pod apply searches the folder and everything below it for *.pod.yaml, *.pod.yml and *.pod.json, and for other YAML and',
    'JSON files with an apiVersion of pod. Names that begin with a dot, and names matched by .podignore (same syntax as',
    '.gitignore), are skipped.',
    'Exit codes: 3 a pod is not healthy or did not start, 1 there was an error and nothing was changed.',
    'For a guide, see docs/gitops.md.',
  ],
  check,
  run: apply,
};

/** The plan says what of it is to be said. */
const NOT_WITH_PLAN = ['file', 'set', 'ref', 'allowed-signers', 'prune', 'allow-empty', 'dry-run', 'save-plan'];

function check(flags: Parsed): void {
  const isGiven = (name: string): boolean => flags.has(name);
  const alone = isGiven('watch') ? ['dry-run', 'save-plan', 'plan'].find(isGiven) : undefined;
  if (alone !== undefined) throw new PodError('cli/usage', `--${alone} does not go with --watch`);
  if (isGiven('resync') && !isGiven('watch')) throw new PodError('cli/usage', '--resync goes with --watch');
  const resyncMs = waitFlag({ flags }, 'resync');
  if (resyncMs !== undefined && resyncMs < 1000)
    throw new PodError('cli/usage', `--resync "${flags.value('resync')}": less than 1s`);
  waitFlag({ flags }, 'timeout');
  const said = isGiven('plan') ? NOT_WITH_PLAN.find(isGiven) : undefined;
  if (said !== undefined) throw new PodError('cli/usage', `--${said} does not go with --plan: the plan says it`);
  if (isGiven('allow-empty') && !isGiven('prune')) throw new PodError('cli/usage', '--allow-empty goes with --prune');
  // A repository of a local folder is asked for its own name.
  if (!isGiven('ref')) setName({ flags }, undefined);
}

async function apply(invocation: Invocation): Promise<number> {
  noOperands(invocation);
  const { flags } = invocation;
  if (flags.has('plan')) return (await import('../apply-plan.ts')).applyPlan(invocation);
  if (flags.has('watch')) return (await import('../watch-folder.ts')).watchFolder(invocation);
  if (flags.has('dry-run') || flags.has('save-plan')) return (await import('../apply-plan.ts')).showPlan(invocation);
  const { set, source, mayMove } = await folderSource(invocation);
  return changeSet(invocation, set, (options) =>
    reconcile({
      ...options,
      source,
      mayMove,
      prune: flags.has('prune'),
      allowEmpty: flags.has('allow-empty'),
      autoRollback: flags.has('auto-rollback'),
    }),
  );
}
