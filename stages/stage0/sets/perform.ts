import { asOf } from './as-of.ts';
import { awaitHealth, carryOut } from './carry-out.ts';
import { type Change, isEffective } from './changes.ts';
import { compileAll } from './compile-all.ts';
import { conclude, type Conclusion } from './conclude.ts';
import type { Failures } from './failures.ts';
import type { Inventory } from './inventory.ts';
import type { SetPlan } from './plan-set.ts';
import { prune } from './prune.ts';
import type { ChangeOptions, ReconcileResult } from './result.ts';
import type { Work } from './work.ts';

export type PerformOptions = Pick<ChangeOptions, 'wait' | 'frozen' | 'onProgress' | 'onWarning' | 'signal'> &
  Pick<Conclusion, 'origin' | 'cause'> & {
    /** Written once everything is known to be valid. */
    readonly pin?: Inventory['pin'] | undefined;
  };

/** Carries out a plan, waits for it if requested, prunes last, and records the result. */
export async function perform(work: Work, plan: SetPlan, options: PerformOptions): Promise<ReconcileResult> {
  const { changes, isPinned } = plan;
  const effective = changes.filter(isEffective);
  const compiled = await asOf(plan.revision, () => compileAll(work.store, work.inventory.now, changes, { ...options }));
  for (const [name, ready] of compiled) work.ready.set(name, ready);
  // Before any change: after a crash, the next apply continues towards this revision.
  if (options.pin) work.inventory.update({ pin: options.pin });
  if (effective.length > 0) work.emit({ e: 'started', pods: countActions(changes) });
  const failures = await carryOut(work, changes);
  if (options.wait) await awaitHealth(work, changes, failures);
  await pruneLast(work, changes, failures);
  const outcome = failures.size > 0 ? 'unhealthy' : options.wait ? 'healthy' : 'applied';
  conclude(work, plan, { ...options, outcome, failures });
  const revision = work.inventory.now.revision?.number ?? null;
  if (isPinned) work.emit({ e: 'pinned', revision });
  const isChanged = effective.length > 0 || failures.size > 0;
  work.emit(isChanged ? { e: 'finished', outcome, revision } : { e: 'unchanged' });
  return {
    set: work.set,
    changes,
    failures,
    outcome: failures.size > 0 ? 'failed' : isChanged ? 'applied' : 'unchanged',
    isPinned,
    inventory: work.inventory.now,
  };
}

function countActions(changes: readonly Change[]): Partial<Record<Change['action'], number>> {
  const counts: Partial<Record<Change['action'], number>> = {};
  for (const { action } of changes) counts[action] = (counts[action] ?? 0) + 1;
  return counts;
}

/** Prunes only when everything desired is there; pods that were in the way are gone already. */
async function pruneLast(work: Work, changes: readonly Change[], failures: Failures): Promise<void> {
  for (const { action, name, reason } of changes) {
    if (action === 'keep') work.emit({ e: 'pod-kept', pod: name, reason });
  }
  const going = changes.filter(({ action, name }) => action === 'prune' && work.inventory.now.pods[name] !== undefined);
  if (going.length === 0) return;
  if (failures.size > 0) return work.emit({ e: 'prune-skipped', reason: 'not all pods are as they should be' });
  for (const [name, message] of await prune(work, going)) failures.set(name, message);
}
