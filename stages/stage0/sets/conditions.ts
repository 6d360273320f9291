import type { Inventory } from './inventory.ts';

export interface Condition {
  readonly type: 'Ready' | 'Reconciling' | 'Stalled';
  readonly status: boolean;
  /** One word, for programs. */
  readonly reason: string;
  readonly message: string;
}

/** Reasons why the last change did not reach the desired state. */
export const STALLED: ReadonlySet<string> = new Set(['Unhealthy', 'RolledBack', 'RollbackFailed']);

/** The folder contains errors or cannot be read. */
export const NOT_APPLIED = 'NotApplied';

export interface ConditionsInput {
  readonly inventory: Inventory;
  /** Pods that are not in the desired state, each with the reason. */
  readonly unready: ReadonlyMap<string, string>;
  readonly isReconciling: boolean;
  /** Why the set's watcher cannot apply what the folder wants. */
  readonly trouble: string | undefined;
}

export function conditionsOf({ inventory, unready, isReconciling, trouble }: ConditionsInput): Condition[] {
  return [ready(inventory, unready, trouble), reconciling(isReconciling), stalled(inventory, trouble)];
}

function ready({ pods }: Inventory, unready: ConditionsInput['unready'], trouble: string | undefined): Condition {
  const total = Object.keys(pods).length;
  const [first] = unready;
  if (!first && trouble !== undefined)
    return { type: 'Ready', status: false, reason: NOT_APPLIED, message: 'the pods do not match the folder' };
  if (!first)
    return { type: 'Ready', status: true, reason: 'Healthy', message: `${total} of ${total} pods are healthy` };
  const message = `${total - unready.size} of ${total} pods are healthy; "${first[0]}": ${first[1]}`;
  return { type: 'Ready', status: false, reason: 'PodsNotHealthy', message };
}

function reconciling(isReconciling: boolean): Condition {
  const message = isReconciling ? 'a process is changing the set' : 'no process is changing the set';
  return { type: 'Reconciling', status: isReconciling, reason: isReconciling ? 'Progressing' : 'Idle', message };
}

function stalled({ isSuspended, last, pin, revision }: Inventory, trouble: string | undefined): Condition {
  if (isSuspended)
    return { type: 'Stalled', status: true, reason: 'Suspended', message: 'pod rollout resume resumes the set' };
  if (trouble !== undefined) return { type: 'Stalled', status: true, reason: NOT_APPLIED, message: trouble };
  if (last && STALLED.has(last.reason))
    return { type: 'Stalled', status: true, reason: last.reason, message: last.message };
  if (!pin) return { type: 'Stalled', status: false, reason: 'Applied', message: last?.message ?? 'never applied' };
  const message = `revision ${revision?.number ?? '?'} holds until the folder changes`;
  return { type: 'Stalled', status: false, reason: 'Pinned', message };
}
