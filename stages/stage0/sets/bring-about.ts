import { buryIfLeft } from '../cli/bury.ts';
import type { RunningPod } from '../cli/launch-api.ts';
import { PodError } from '../error.ts';
import type { Change } from './changes.ts';
import type { HandOver } from './hand-over.ts';
import { waitHealthy } from './health.ts';
import type { Placement } from './inventory.ts';
import { readLife } from './life.ts';
import { reclaim } from './recover.ts';
import { requireRoom } from './room.ts';
import { forget, removeFromSet, stopInSet } from './take-away.ts';
import type { Work } from './work.ts';

/** Makes the pod of a change that is new, changed or dead. `next` is in the inventory. */
export async function bringAbout(work: Work, change: Change, next: Placement, handOver: HandOver): Promise<void> {
  const { name, action, reason, entry } = change;
  const old = entry?.current;
  const isReplaced = old !== undefined && readLife(work.store, old.uuid).kind === 'alive';
  work.emit({ e: 'pod-starting', pod: name, action, reason });
  if (isReplaced && next.rollout.strategy === 'start-first') await startFirst(work, name, old, next, handOver);
  else {
    if (isReplaced) {
      requireRoom(work.store.root, name);
      await stopInSet(work, name, old.uuid, 'replaced');
    }
    // A pod that died without its monitor still holds its ports.
    if (old) await buryIfLeft(work.store, old.uuid);
    await handOver.whileInTheWay(() => launch(work, name, next));
    work.inventory.notePods({ [name]: { current: next, previous: old?.uuid } });
  }
  await forget(work, entry?.previous);
  work.emit({ e: 'pod-started', pod: name, action, uuid: next.uuid, reason });
}

/** Runs both pods for a while: the old one is removed when the new one is healthy. */
async function startFirst(
  work: Work,
  name: string,
  old: Placement,
  next: Placement,
  handOver: HandOver,
): Promise<void> {
  try {
    await handOver.whileInTheWay(() => launch(work, name, next, old.uuid));
    const health = await waitHealthy(work.store, next.uuid, {
      minReadyMs: next.rollout.minReadyMs,
      deadlineMs: work.deadlineMs,
      signal: work.signal,
    });
    if (health.state !== 'healthy') throw unwell(name, health.state === 'unhealthy' ? health.why : 'it is not ready');
  } catch (error) {
    await removeFromSet(work, name, next.uuid);
    reclaim(work, name, old.uuid);
    throw error;
  }
  work.inventory.updatePods({ [name]: { current: next, leaving: [old.uuid] } });
  await stopInSet(work, name, old.uuid, 'replaced');
  work.inventory.notePods({ [name]: { current: next, previous: old.uuid } });
}

function unwell(name: string, why: string): PodError {
  return new PodError('pod/died', `replace pod "${name}": the new one is not healthy: ${why}`, {
    hint: 'the old pod keeps running',
  });
}

/**
 * Resolves when all apps have started or the pod has already ended. Launches run one at a time, but waiting for apps runs in
 * parallel.
 */
async function launch(work: Work, name: string, { uuid }: Placement, replaces?: string): Promise<void> {
  const ready = work.ready.get(name);
  if (!ready) throw new Error(`pod "${name}" was not compiled`);
  let started: Promise<RunningPod> | undefined;
  await work.turn.take(
    () =>
      new Promise<void>((resolve, reject) => {
        started = ready.start({ uuid, replaces, keepLock: false, onLaunched: () => resolve() });
        started.then(() => resolve(), reject);
      }),
  );
  await inTime(started!, name, work);
}

/** Limits the start by the deadline, because an app may wait for another one forever. */
async function inTime(started: Promise<unknown>, name: string, { deadlineMs, signal }: Work): Promise<void> {
  const late = new AbortController();
  const expire = (): void =>
    late.abort(new PodError('pod/timeout', `start pod "${name}": its apps did not all start in time`));
  const timer = setTimeout(expire, Math.max(1, deadlineMs - Date.now()));
  const ends = AbortSignal.any(signal ? [late.signal, signal] : [late.signal]);
  try {
    await new Promise<void>((resolve, reject) => {
      ends.addEventListener('abort', () => reject(ends.reason as Error), { once: true });
      if (ends.aborted) reject(ends.reason as Error);
      started.then(() => resolve(), reject);
    });
  } finally {
    clearTimeout(timer);
  }
}
