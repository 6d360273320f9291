import type { Inventory } from './inventory.ts';

export interface Condition {
  readonly type: 'Ready' | 'Reconciling' | 'Stalled';
  readonly status: boolean;
  /** One word, for programs. */
  readonly reason: string;
  readonly message: string;
}

/** Why the last change did not come to what was wanted. */
export const STALLED: ReadonlySet<string> = new Set(['Unhealthy', 'RolledBack', 'RollbackFailed', 'Failed']);

export interface ConditionsInput {
  readonly inventory: Inventory;
  /** Pods that are not as they should be, each with the reason. */
  readonly unready: ReadonlyMap<string, string>;
  readonly isReconciling: boolean;
}

export function conditionsOf({ inventory, unready, isReconciling }: ConditionsInput): Condition[] {
  return [ready(inventory, unready), reconciling(isReconciling), stalled(inventory)];
}

function ready({ pods }: Inventory, unready: ConditionsInput['unready']): Condition {
  const total = Object.keys(pods).length;
  const [first] = unready;
  if (!first)
    return { type: 'Ready', status: true, reason: 'Healthy', message: `${total} of ${total} pods are healthy` };
  const message = `${total - unready.size} of ${total} pods are healthy; "${first[0]}": ${first[1]}`;
  return { type: 'Ready', status: false, reason: 'PodsNotHealthy', message };
}

function reconciling(isReconciling: boolean): Condition {
  const message = isReconciling ? 'a process is changing the set' : 'nobody is changing the set';
  return { type: 'Reconciling', status: isReconciling, reason: isReconciling ? 'Progressing' : 'Idle', message };
}

function stalled({ isSuspended, last, pin, revision }: Inventory): Condition {
  if (isSuspended)
    return { type: 'Stalled', status: true, reason: 'Suspended', message: 'pod rollout resume lets it go on' };
  if (last && STALLED.has(last.reason))
    return { type: 'Stalled', status: true, reason: last.reason, message: last.message };
  if (!pin) return { type: 'Stalled', status: false, reason: 'Applied', message: last?.message ?? 'never applied' };
  const message = `revision ${revision?.number ?? '?'} holds until the folder changes`;
  return { type: 'Stalled', status: false, reason: 'Pinned', message };
}
