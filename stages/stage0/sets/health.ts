import { PodError } from '../error.ts';
import { type PodEvent, readEvents } from '../pod/events.ts';
import { readinessOf } from '../pod/readiness.ts';
import { readRecord } from '../pod/record.ts';
import { isStillThere, readStatus } from '../pod/status.ts';
import type { PodStore } from '../pod/store.ts';
import { watchPod } from '../pod/wait.ts';
import { readLife } from './life.ts';

export type Health =
  | { readonly state: 'healthy'; readonly how: 'ready' | 'running' | 'completed' }
  | { readonly state: 'unhealthy'; readonly why: string }
  /** `atMs`: when the pod becomes healthy if nothing happens until then, since the epoch. */
  | { readonly state: 'pending'; readonly why: string; readonly atMs?: number };

/** For pods without probes: a pod that crashes at its start has done so by then. */
const DEFAULT_READY_MS = 1000;

/** Judges the pod's current health. */
export function judgeHealth(store: PodStore, uuid: string, minReadyMs: number | undefined): Health {
  const status = readStatus(store, uuid);
  const pod = store.locate(uuid);
  if (!status || !pod) return { state: 'unhealthy', why: 'it was removed' };
  if (status.state === 'exited' || status.state === 'garbage') {
    const life = readLife(store, uuid);
    if (life.kind === 'alive') return { state: 'pending', why: 'it is ending' };
    if (life.kind === 'missing') return { state: 'unhealthy', why: 'it was removed' };
    return life.isCompleted ? { state: 'healthy', how: 'completed' } : { state: 'unhealthy', why: life.why };
  }
  const record = readRecord(pod.path);
  const events = readEvents(pod.path);
  // If the pod has moved, there were no events to read, and a pod without events would count as healthy since forever.
  if (!isStillThere(pod)) return judgeHealth(store, uuid, minReadyMs);
  const { isReady, never, notYet } = readinessOf(status, record);
  if (never !== undefined) return { state: 'unhealthy', why: never };
  if (!isReady) return { state: 'pending', why: notYet ?? 'it is not ready' };
  const { sinceMs, isProbed } = readySince(events);
  const atMs = sinceMs + (minReadyMs ?? (isProbed ? 0 : DEFAULT_READY_MS));
  if (Date.now() >= atMs) return { state: 'healthy', how: isProbed ? 'ready' : 'running' };
  return { state: 'pending', why: 'it has not run long enough yet', atMs };
}

/** Since when all apps have been in their current state, and whether probes determined it. */
function readySince(events: readonly PodEvent[]): { readonly sinceMs: number; readonly isProbed: boolean } {
  const ready = new Map<string, { readonly t: number; readonly isProbed: boolean }>();
  for (const event of events) {
    if (event.e !== 'app-started' && event.e !== 'probe') continue;
    const isReady = !('ready' in event) || event.ready === 1;
    if (!isReady) ready.delete(event.app);
    else if (event.e === 'app-started' || !ready.has(event.app))
      ready.set(event.app, { t: event.t, isProbed: event.e === 'probe' });
  }
  const all = [...ready.values()];
  return {
    sinceMs: Math.max(0, ...all.map(({ t }) => t)),
    isProbed: all.length > 0 && all.every((one) => one.isProbed),
  };
}

export interface HealthWait {
  readonly minReadyMs?: number | undefined;
  /** Since the epoch. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Resolves when the health is known; at the deadline, with the reason why it is not known yet. */
export async function waitHealthy(store: PodStore, uuid: string, wait: HealthWait): Promise<Health> {
  for (;;) {
    const health = judgeHealth(store, uuid, wait.minReadyMs);
    const leftMs = wait.deadlineMs - Date.now();
    if (health.state !== 'pending') return health;
    if (leftMs <= 0) return { state: 'unhealthy', why: `the time limit passed: ${health.why}` };
    const isOther = (): boolean => {
      const now = judgeHealth(store, uuid, wait.minReadyMs);
      return now.state !== 'pending' || (now.atMs ?? 0) !== (health.atMs ?? 0);
    };
    const timeoutMs = Math.max(1, Math.min(leftMs, (health.atMs ?? Infinity) - Date.now()));
    await watchPod(store, uuid, isOther, { timeoutMs, signal: wait.signal });
  }
}

export type DependencyCondition = 'started' | 'ready' | 'completed';

/** Resolves when the dependents of the pod may start. Throws `pod/died` when that can never happen, and `pod/timeout`. */
export async function waitFor(
  store: PodStore,
  name: string,
  uuid: string,
  condition: DependencyCondition,
  wait: HealthWait,
): Promise<void> {
  if (condition === 'started') return;
  if (condition === 'ready') {
    const health = await waitHealthy(store, uuid, wait);
    if (health.state === 'healthy') return;
    throw new PodError(
      'pod/died',
      `wait for pod "${name}" to be ready: ${health.state === 'unhealthy' ? health.why : 'it is not'}`,
    );
  }
  const timeoutMs = Math.max(1, wait.deadlineMs - Date.now());
  const hasEnded = await watchPod(store, uuid, () => readLife(store, uuid).kind !== 'alive', {
    timeoutMs,
    signal: wait.signal,
  });
  if (!hasEnded) throw new PodError('pod/timeout', `wait for pod "${name}" to complete: the time limit passed`);
  const life = readLife(store, uuid);
  if (life.kind === 'ended' && life.isCompleted) return;
  throw new PodError(
    'pod/died',
    `wait for pod "${name}" to complete: ${life.kind === 'ended' ? life.why : 'it was removed'}`,
  );
}
