import { PodError, podErrorsOf } from '../error.ts';
import { imagesDir } from '../pod/layout.ts';
import { takeSet } from './give-way.ts';
import { findRevision, lastGoodRevision, previousRevision, readHistory } from './history.ts';
import { requireAwake, requireKnown } from './inventory.ts';
import { perform } from './perform.ts';
import { planRevision, type SetPlan } from './plan-set.ts';
import type { ChangeOptions, ReconcileResult } from './result.ts';
import { recover } from './recover.ts';
import { filesOf, isEmpty, namesOf, type Revision } from './revision.ts';
import { newWork, type Work } from './work.ts';

/**
 * Applies an older revision, given by number or the previous one, and holds the set there until its folder wants something other
 * than now. Does not read the folder's manifests.
 */
export async function undo(
  options: ChangeOptions & { readonly revision?: number | undefined },
): Promise<ReconcileResult> {
  const { root, set, revision: number } = options;
  using lock = await takeSet(root, set, options.signal);
  void lock;
  const work = newWork(options);
  const { revision: now, wanted } = work.inventory.now;
  requireKnown(work.inventory.now);
  requireAwake(work.inventory.now);
  const revision =
    number === undefined
      ? previousRevision(root, set, now?.digest)
      : findRevision(root, set, (one) => one.number === number, `revision ${number}`);
  requireSome(set, revision);
  await recover(work);
  const left = readHistory(root, set).find(({ digest }) => digest === now?.digest);
  const before = new Set(left && namesOf(left));
  return await goBack(work, revision, { ...options, cause: 'undo', wanted, before });
}

/** The caller holds the lock, and the failed change has been recorded. */
export async function rollBack(
  options: ChangeOptions,
  failed: SetPlan,
  result: ReconcileResult,
): Promise<ReconcileResult> {
  const { root, set } = options;
  const good = lastGoodRevision(root, set, failed.desired.digest);
  const work = newWork(options);
  work.emit({ e: 'rolling-back', revision: good?.number ?? null });
  if (!good) return result;
  const before = new Set(failed.desired.pods.map(({ name }) => name));
  const back = await tryGoBack(work, good, { ...options, cause: 'rollback', wanted: failed.wanted, before });
  const isBack = back.failures.size === 0;
  const [name, why] = [...result.failures][0]!;
  const [failure] = back.failures.values();
  const reason = isBack ? 'RolledBack' : 'RollbackFailed';
  const came = isBack ? 'is back,' : `did not come back: ${failure}; it was wanted`;
  const message = `revision ${good.number} ${came} because of pod "${name}": ${why}`;
  work.inventory.update({ last: { at: new Date().toISOString(), reason, message } });
  work.emit({ e: 'condition', type: 'Stalled', status: true, reason });
  return {
    ...result,
    outcome: isBack ? 'rolled-back' : 'rollback-failed',
    failures: new Map([...back.failures, ...result.failures]),
    isPinned: work.inventory.now.pin !== undefined,
    inventory: work.inventory.now,
  };
}

/** An older revision may need something that no longer exists; the pods then stay as the failed change has left them. */
async function tryGoBack(
  work: Work,
  revision: Revision,
  options: GoBackOptions,
): Promise<Pick<ReconcileResult, 'failures'>> {
  try {
    return await goBack(work, revision, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    const errors = podErrorsOf(error);
    for (const one of errors) options.onWarning?.(one);
    return { failures: new Map([[`revision ${revision.number}`, errors.map(({ message }) => message).join('; ')]]) };
  }
}

function requireSome(set: string, revision: Revision): void {
  if (!isEmpty(revision)) return;
  throw new PodError(
    'set/empty',
    `roll back to revision ${revision.number} of set "${set}": the revision has no pods`,
    {
      hint: `pod delete --set ${set} removes all pods of the set`,
    },
  );
}

interface GoBackOptions extends ChangeOptions {
  readonly cause: 'undo' | 'rollback';
  /** Digest of what the folder wants. */
  readonly wanted: string | undefined;
  /** Pods of the revision being left: those that the older revision does not have are removed. */
  readonly before: ReadonlySet<string>;
}

async function goBack(work: Work, revision: Revision, options: GoBackOptions): Promise<ReconcileResult> {
  const { store, inventory } = work;
  const { root, wanted, before, onProgress, onWarning, signal, cause } = options;
  const there = new Set(namesOf(revision));
  const isPruned = (name: string): boolean => before.has(name) && !there.has(name);
  const planning = { storeDir: imagesDir(root), isPruned, wanted, isPinned: true, onProgress, onWarning, signal };
  const plan = await planRevision(store, inventory.now, { ...revision, files: filesOf(revision) }, planning);
  const pin = wanted === undefined ? undefined : { digest: revision.digest, until: wanted };
  const origin = inventory.now.origin ?? '';
  return perform(work, plan, { ...options, wait: options.wait || cause === 'rollback', origin, cause, pin });
}
