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
    'Makes the pods of this host what a folder of manifests says: creates, replaces what changed, restarts what died.',
  usage: [
    'pod apply -f DIR [--set NAME] [--prune [--allow-empty]] [--wait] [--timeout DUR] [--auto-rollback]',
    'pod apply -f DIR --dry-run [--save-plan F]',
    'pod apply -f git+https://HOST/REPO//PATH?ref=REF | -f DIR --ref REF [--allowed-signers F]',
    'pod apply --watch -f DIR [--prune] [--resync DUR] [--wait] [--auto-rollback]',
    'pod apply --plan F [--wait] [--timeout DUR]',
  ],
  examples: [
    ['pod apply -f prod', 'create or update the pods of the folder; a second time does nothing'],
    ['pod apply -f prod --prune --wait', 'also remove what the folder has no more, and wait until all are healthy'],
    ['pod apply -f prod --wait --timeout 1m --auto-rollback', 'go back to what was healthy if this is not'],
    ['pod apply -f prod --dry-run', 'show what would be done'],
    ['pod apply --watch -f prod --prune', 'keep it so, until SIGTERM; the pods go on then'],
    ['pod apply -f prod --save-plan plan.json && pod apply --plan plan.json', 'review, then exactly that'],
  ],
  flags: [
    FOLDER_FLAG,
    SET_FLAG,
    ...REPOSITORY_FLAGS,
    { name: 'prune', help: "remove the set's pods that the folder has no more, last" },
    { name: 'allow-empty', help: 'with --prune: also when the folder has no manifest at all' },
    {
      name: 'auto-rollback',
      help: 'wait, and go back to the last healthy revision when a pod is not healthy; that has the --timeout again',
    },
    { name: 'watch', help: 'keep running: apply what changes, and start again what ends' },
    {
      name: 'resync',
      value: 'DUR',
      help: 'with --watch: look at everything so often; default 5m, for a repository 1m',
    },
    { name: 'dry-run', help: 'show what would be done, and do nothing' },
    { name: 'save-plan', value: 'F', isPath: true, help: 'as --dry-run, and write it to F' },
    {
      name: 'plan',
      value: 'F',
      isPath: true,
      help: 'do what was written to F; refused when the state has moved since',
    },
    ...CHANGE_FLAGS,
    FROZEN_FLAG,
  ],
  notes: [
    'The folder is searched with all below it for *.pod.yaml, *.pod.yml and *.pod.json, and for other YAML and JSON with an',
    'apiVersion of pod; names with a dot in front and what .podignore says (as .gitignore does) are left out.',
    'Exit codes: 3 something is not healthy or did not start, 1 nothing was changed because something is wrong.',
    'docs/gitops.md is the guide.',
  ],
  completes: 'files',
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
