import type { Failures } from './failures.ts';
import { isStart } from './changes.ts';
import { STALLED } from './conditions.ts';
import { addRevision, newRevision } from './history.ts';
import type { Inventory, InventoryPod, Outcome } from './inventory.ts';
import { keptPods } from './kept.ts';
import type { SetPlan } from './plan-set.ts';
import type { Cause } from './revision.ts';
import type { Work } from './work.ts';

export interface Conclusion {
  readonly origin: string;
  readonly cause: Cause;
  readonly outcome: Outcome;
  readonly failures: Failures;
}

/** Records the result of a change; writes nothing if it is already recorded. */
export function conclude(work: Work, plan: SetPlan, conclusion: Conclusion): void {
  const { now } = work.inventory;
  const last = endOf(conclusion, now, plan);
  const isStalled = STALLED.has(last.reason);
  const change = {
    origin: conclusion.origin,
    wanted: plan.wanted,
    pin: plan.isPinned && now.pin ? { ...now.pin, digest: plan.desired.digest } : undefined,
    revision: nextRevision(work, plan, conclusion),
    pods: { ...now.pods, ...changedEntries(plan, now.pods) },
  };
  const isSame = JSON.stringify({ ...now, ...change }) === JSON.stringify(now);
  // A change from one success to another is not news, whatever the change was.
  const isOther = last.reason !== now.last?.reason || last.message !== now.last.message;
  const isNews = isOther && (isStalled || now.last === undefined || STALLED.has(now.last.reason));
  if (isSame && !isNews) return;
  work.inventory.update({ ...change, last: { at: new Date().toISOString(), ...last } });
  if (isStalled !== STALLED.has(now.last?.reason ?? ''))
    work.emit({ e: 'condition', type: 'Stalled', status: isStalled, reason: last.reason });
}

type End = Pick<NonNullable<Inventory['last']>, 'reason' | 'message'>;

function endOf({ failures, outcome, cause }: Conclusion, { last, revision }: Inventory, plan: SetPlan): End {
  const [first] = failures;
  if (first) return { reason: 'Unhealthy', message: `pod "${first[0]}": ${first[1]}` };
  // After a rollback the set is held at the older revision, which is still not what its folder wants.
  const isHeld = plan.isPinned && cause === 'apply' && last?.reason === 'RolledBack';
  if (last && (isHeld || (isStillUnhealthy(plan, revision) && outcome === 'applied')))
    return { reason: last.reason, message: last.message };
  return { reason: outcome === 'healthy' ? 'Healthy' : 'Applied', message: 'all pods were started' };
}

/** The set is known to be unhealthy, and nothing has been started since. */
function isStillUnhealthy({ desired, changes }: SetPlan, revision: Inventory['revision']): boolean {
  return revision?.digest === desired.digest && revision.outcome === 'unhealthy' && !changes.some(isStart);
}

/** New knowledge about pods: their rollout settings, and that they have completed. */
function changedEntries({ changes }: SetPlan, pods: Inventory['pods']): Record<string, InventoryPod> {
  const changed: Record<string, InventoryPod> = {};
  for (const { name, desired, action, reason } of changes) {
    const entry = pods[name];
    if (!desired || entry?.current?.digest !== desired.digest) continue;
    const { file, rollout } = desired;
    const isCompleted = (action === 'unchanged' && reason === 'completed') || undefined;
    changed[name] = { ...entry, current: { ...entry.current, file, rollout }, ...(isCompleted ? { isCompleted } : {}) };
  }
  return changed;
}

/** A new revision when something else is wanted than before; otherwise the current one, updated if something new is known. */
function nextRevision(work: Work, plan: SetPlan, { cause, outcome }: Conclusion): Inventory['revision'] {
  const { revision: now } = work.inventory.now;
  const { desired, changes } = plan;
  const isSame = now?.digest === desired.digest;
  const isKnown = isSame && outcome === 'applied' && (now.outcome === 'healthy' || isStillUnhealthy(plan, now));
  const known = isKnown ? now.outcome : outcome;
  const hasLost = changes.some(({ action }) => action === 'prune');
  if (isSame && !hasLost && now.outcome === known) return now;
  const number = isSame ? now.number : (now?.number ?? 0) + 1;
  const kept = keptPods(work, desired);
  addRevision(work.store.root, work.set, newRevision(number, desired, { cause, outcome: known, kept }));
  return { number, digest: desired.digest, outcome: known };
}
