import { PodError } from '../error.ts';
import { parseObject } from '../pod/files.ts';
import type { FolderFile } from './folder.ts';
import type { SetPlan } from './plan-set.ts';
import { requireSetName } from './set-store.ts';

/** What is to be done, and to what: with the manifests as they were then. */
export interface SavedPlan {
  readonly set: string;
  /** The state directory. */
  readonly root: string;
  readonly origin: string;
  readonly prune: boolean;
  readonly allowEmpty: boolean;
  readonly files: readonly FolderFile[];
  readonly expected: { readonly state: string; readonly wanted: string };
}

const VERSION = 1;

export function renderPlan(about: Omit<SavedPlan, 'expected'>, { state, wanted, changes }: SetPlan): string {
  const shown = changes.map(({ name, action, reason }) => ({ name, action, reason }));
  return `${JSON.stringify({ version: VERSION, changes: shown, ...about, expected: { state, wanted } }, null, 2)}\n`;
}

/** Throws `set/plan` for what is no plan, or one of another state directory. */
export function parsePlan(text: string, path: string, root: string): SavedPlan {
  const plan = parseObject(text);
  if (plan?.['version'] !== VERSION || !Array.isArray(plan['files']))
    throw new PodError('set/plan', `read the plan "${path}": it is none of this version of pod`);
  // It becomes a directory's name, and plans are files that anybody may have written.
  requireSetName(String(plan['set']));
  if (plan['root'] === root) return plan as unknown as SavedPlan;
  throw new PodError(
    'set/plan',
    `apply the plan "${path}": it was made for "${String(plan['root'])}", this is "${root}"`,
    {
      hint: 'give it the same --root',
    },
  );
}
