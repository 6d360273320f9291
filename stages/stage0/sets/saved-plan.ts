import { PodError } from '../error.ts';
import { parseObject } from '../pod/files.ts';
import type { FolderFile } from './folder.ts';
import type { SetPlan } from './plan-set.ts';
import { requireSetName } from './set-store.ts';

/** A stored plan: the changes, and the manifests as they were at that time. */
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

/** Throws `set/plan` for an invalid plan, or a plan for another state directory. */
export function parsePlan(text: string, path: string, root: string): SavedPlan {
  const plan = parseObject(text);
  if (plan?.['version'] !== VERSION || !isPlan(plan))
    throw new PodError('set/plan', `read the plan "${path}": it is not a plan of this version of pod`);
  // The name becomes a directory's name, and a plan may come from anyone.
  requireSetName(plan.set);
  if (plan.root === root) return plan;
  throw new PodError('set/plan', `apply the plan "${path}": it was made for "${plan.root}", this is "${root}"`, {
    hint: 'use the same --root',
  });
}

type Unknown = Readonly<Record<string, unknown>>;

function isPlan(plan: Unknown): plan is Unknown & SavedPlan {
  const { files, expected, prune, allowEmpty } = plan;
  return (
    hasTexts(plan, ['set', 'root', 'origin']) &&
    typeof prune === 'boolean' &&
    typeof allowEmpty === 'boolean' &&
    hasTexts(expected, ['state', 'wanted']) &&
    Array.isArray(files) &&
    files.every((file) => hasTexts(file, ['file', 'path', 'baseDir', 'text']))
  );
}

function hasTexts(value: unknown, names: readonly string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return names.every((name) => typeof (value as Unknown)[name] === 'string');
}
