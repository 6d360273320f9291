import { PodError } from '../error.ts';
import { imagesDir } from '../pod/layout.ts';
import { DescriptionCache } from './description-cache.ts';
import type { FolderFile } from './folder.ts';
import { takeSet } from './give-way.ts';
import { type Inventory, requireAwake, requireOrigin } from './inventory.ts';
import { perform } from './perform.ts';
import { planFolder, type PlanOptions, planRevision, type SetPlan } from './plan-set.ts';
import { recover } from './recover.ts';
import { rollBack } from './go-back.ts';
import type { ChangeOptions, ReconcileResult } from './result.ts';
import { SET_FILES, SetLock } from './set-store.ts';
import { removeSet } from './watched.ts';
import { newWork, type Work } from './work.ts';

/** A source of manifests. */
export interface Source {
  /** An absolute path, or another identifier of the source: a set belongs to one source. */
  readonly origin: string;
  /** Called while the set's lock is held. Throws faults of the source; nothing is changed then. */
  readonly read: (limits?: ReadLimits) => readonly FolderFile[] | Promise<readonly FolderFile[]>;
}

/** A source may be remote and may not answer. */
export type ReadLimits = Pick<Work, 'deadlineMs' | 'signal'>;

export interface ReconcileOptions extends ChangeOptions {
  readonly source: Source;
  /** The set may have belonged to another source. */
  readonly mayMove?: boolean | undefined;
  readonly prune?: boolean | undefined;
  readonly allowEmpty?: boolean | undefined;
  /** Goes back to the last healthy revision when a pod is unhealthy; implies waiting. */
  readonly autoRollback?: boolean | undefined;
  /** Gives way to other changes, while others do not give way to it. */
  readonly isWatcher?: boolean | undefined;
  /** The source cannot be read, and the manifests applied last are used instead: the source is not known to want anything else. */
  readonly isBlind?: boolean | undefined;
  /** Pods to replace even if they are unchanged. */
  readonly isForced?: ((name: string) => boolean) | undefined;
  /** Fails when the current state is not this one; see `SetPlan`. */
  readonly expected?: { readonly state: string; readonly wanted: string } | undefined;
}

/**
 * Changes the set into what its source wants, and returns; the pods run on independently. Pods that are already as desired are not
 * touched, and if all are, nothing is written. May be killed at any point and called again.
 */
export async function reconcile(options: ReconcileOptions): Promise<ReconcileResult> {
  const { root, set } = options;
  using lock = options.isWatcher ? SetLock.take(root, set) : await takeSet(root, set, options.signal);
  const work = newWork(options);
  try {
    return await reconcileLocked(options, lock, work);
  } finally {
    // A set that was never applied leaves nothing behind.
    if (work.inventory.now.serial === 0) removeSet(root, set);
  }
}

async function reconcileLocked(options: ReconcileOptions, lock: SetLock, work: Work): Promise<ReconcileResult> {
  const { source, autoRollback, wait, isBlind } = options;
  requireOwn(options, work.inventory.now);
  await recover(work);
  const cache = new DescriptionCache(`${lock.dir}/${SET_FILES.descriptions}`);
  const files = await source.read(work);
  const planning = { ...planOptions(options), cache };
  const plan = isBlind
    ? await planAgain(work, files, planning)
    : await planFolder(work.store, work.inventory.now, files, planning);
  refuse(options, work.inventory.now, plan);
  const result = await perform(work, plan, {
    ...options,
    origin: source.origin,
    wait: wait || autoRollback,
    cause: 'apply',
  });
  // When blind, nothing was looked up in the cache.
  if (!isBlind) cache.save();
  if (!autoRollback || result.failures.size === 0 || plan.isPinned) return result;
  return await rollBack(options, plan, result);
}

/** Plans what was applied last, to hold the set there. */
function planAgain(
  { store, inventory: { now } }: Work,
  files: readonly FolderFile[],
  options: PlanOptions,
): Promise<SetPlan> {
  return planRevision(store, now, { files }, { ...options, wanted: now.wanted, isPinned: now.pin !== undefined });
}

export function planOptions({ root, prune, isForced, signal, onProgress, onWarning }: ReconcileOptions): PlanOptions {
  const isPruned = (): boolean => prune ?? false;
  return { storeDir: imagesDir(root), isPruned, isForced, signal, onProgress, onWarning };
}

/** Requires that the set belongs to the source, or may be moved to it, and is not suspended. */
export function requireOwn(
  { source, mayMove }: Pick<ReconcileOptions, 'source' | 'mayMove'>,
  inventory: Inventory,
): void {
  if (!mayMove) requireOrigin(inventory, source.origin);
  requireAwake(inventory);
}

export function refuse(
  { set, allowEmpty, prune, expected }: ReconcileOptions,
  { pods }: Inventory,
  plan: SetPlan,
): void {
  const count = Object.keys(pods).length;
  if (prune && plan.desired.pods.length === 0 && count > 0 && !allowEmpty) {
    throw new PodError(
      'set/empty',
      `prune set "${set}": no manifest was found, and all its pods (${count}) would be removed`,
      {
        hint: 'check that it is the right folder; to remove all pods, use --allow-empty or pod delete',
      },
    );
  }
  if (expected && (expected.state !== plan.state || expected.wanted !== plan.wanted)) {
    throw new PodError(
      'set/plan',
      `apply the saved plan of set "${set}": the state has changed since the plan was saved`,
      {
        hint: 'save a new plan with pod apply --save-plan',
      },
    );
  }
}
