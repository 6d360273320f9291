import { PodError } from '../error.ts';
import { newUuid } from '../pod/uuid.ts';
import { bringAbout } from './bring-about.ts';
import { type Change, isStart } from './changes.ts';
import { HandOver } from './hand-over.ts';
import { waitFor, waitHealthy } from './health.ts';
import { type InventoryPod, placementOf } from './inventory.ts';
import { type Failures, messageOf } from './failures.ts';
import type { Work } from './work.ts';

/**
 * Carries out the changes that start pods: pods without dependencies at once, each other pod when its dependencies are ready. A
 * failure affects only the pods that depend on the failed pod.
 */
export async function carryOut(work: Work, changes: readonly Change[]): Promise<Failures> {
  const failures: Failures = new Map();
  const coming = changes.filter(isStart);
  announce(work, coming);
  const done = new Map<string, Promise<boolean>>();
  const course: Course = { done, failures, handOver: new HandOver(work, changes) };
  for (const change of changes) {
    if (change.action === 'prune') continue;
    const isComing = coming.includes(change);
    // A pod that is left alone is available to its dependents, unless it never existed.
    const isThere = change.desired !== undefined || change.entry?.current !== undefined;
    done.set(change.name, isComing ? carryOutOne(work, change, course) : Promise.resolve(isThere));
  }
  // All settle before an error that is a bug is thrown.
  await Promise.allSettled(done.values());
  work.inventory.flush();
  await Promise.all(done.values());
  work.signal?.throwIfAborted();
  return failures;
}

/** In one write, so that a crash after it leaves no pod that the inventory does not name. */
function announce(work: Work, coming: readonly Change[]): void {
  if (coming.length === 0) return;
  const { pods } = work.inventory.now;
  const uuids = new Map(coming.map(({ name }) => [name, newUuid()]));
  const entries = coming.map(({ name, desired, entry }): [string, InventoryPod] => {
    const { joins } = desired!;
    const joined = joins === undefined ? undefined : (uuids.get(joins) ?? pods[joins]?.current?.uuid);
    return [name, { ...entry, isCompleted: undefined, next: { ...placementOf(desired!, uuids.get(name)!), joined } }];
  });
  work.inventory.updatePods(Object.fromEntries(entries));
}

interface Course {
  readonly done: ReadonlyMap<string, Promise<boolean>>;
  readonly failures: Failures;
  readonly handOver: HandOver;
}

async function carryOutOne(work: Work, change: Change, { done, failures, handOver }: Course): Promise<boolean> {
  const { name, desired, entry } = change;
  try {
    for (const { pod, condition } of desired!.rollout.dependsOn) await dependency(work, pod, condition, done.get(pod));
    work.signal?.throwIfAborted();
    await bringAbout(work, change, work.inventory.now.pods[name]!.next!, handOver);
    return true;
  } catch (error) {
    withdraw(work, name, entry);
    if (work.signal?.aborted) return false;
    const message = messageOf(error);
    failures.set(name, message);
    work.emit({ e: 'pod-failed', pod: name, message });
    return false;
  }
}

/** A failed start leaves nothing behind, but a start that only exceeded the deadline has left a pod. */
function withdraw(work: Work, name: string, entry: InventoryPod | undefined): void {
  const now = work.inventory.now.pods[name];
  if (!now?.next) return;
  const isThere = work.store.locate(now.next.uuid) !== undefined;
  if (isThere) work.inventory.notePods({ [name]: { current: now.next, previous: entry?.current?.uuid } });
  else work.inventory.notePods({ [name]: entry?.current && { ...entry, next: undefined } });
}

async function dependency(
  work: Work,
  name: string,
  condition: 'started' | 'ready' | 'completed',
  isThere: Promise<boolean> | undefined,
): Promise<void> {
  if (!(await isThere)) throw new PodError('pod/died', `wait for pod "${name}": it was not started`);
  const entry = work.inventory.now.pods[name];
  if (!entry?.current || entry.isCompleted) return;
  const { deadlineMs, signal } = work;
  const minReadyMs = entry.current.rollout.minReadyMs;
  await waitFor(work.store, name, entry.current.uuid, condition, { minReadyMs, deadlineMs, signal });
}

/** Waits for the health of all pods that have not failed yet. */
export async function awaitHealth(work: Work, changes: readonly Change[], failures: Failures): Promise<void> {
  const { store, inventory, deadlineMs, signal, emit } = work;
  const waiting = changes.filter(({ name, desired }) => desired && !failures.has(name));
  await Promise.all(
    waiting.map(async ({ name }) => {
      const entry = inventory.now.pods[name];
      if (!entry?.current || entry.isCompleted) return;
      const { uuid, rollout } = entry.current;
      const health = await waitHealthy(store, uuid, { minReadyMs: rollout.minReadyMs, deadlineMs, signal });
      if (health.state === 'healthy') return emit({ e: 'pod-healthy', pod: name, how: health.how });
      failures.set(name, health.why);
      emit({ e: 'pod-failed', pod: name, message: health.why });
    }),
  );
}
