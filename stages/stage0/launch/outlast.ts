import { setTimeout as sleep } from 'node:timers/promises';
import { readFinal } from '../pod/events.ts';
import { findHeld } from '../pod/held.ts';
import type { PodStore } from '../pod/store.ts';

/** How long the monitor may take between its final record, by which the pod has exited, and the release of what the pod held. */
const MONITOR_EXIT_MS = 5000;
const LOOK_MS = 5;

/**
 * Waits for the monitor of a pod that has exited but may still hold something. `isDone`: when there is no more to wait for. Returns
 * false when the pod is alive, or when its monitor does not finish. Rejects with the signal's reason.
 */
export async function outlast(
  store: PodStore,
  uuid: string,
  isDone: () => boolean,
  signal?: AbortSignal,
): Promise<boolean> {
  // Its monitor may have finished since it was found to hold something.
  if (isDone()) return true;
  const pod = store.locate(uuid);
  const isEnding = pod?.state === 'exited' || (pod?.state === 'run' && readFinal(pod.path) !== undefined);
  if (!isEnding) return false;
  const deadlineMs = performance.now() + MONITOR_EXIT_MS;
  // A lock that is released wakes nobody who only looks.
  while (!isDone()) {
    if (performance.now() > deadlineMs) return false;
    await sleep(LOOK_MS);
    signal?.throwIfAborted();
  }
  return true;
}

/** Whether its monitor has released everything, of which the pod's lock is the last; its ports go when the pod is in `exited` already. */
export function hasLetGo(store: PodStore, uuid: string): boolean {
  return findHeld(store, uuid)?.isHeld !== true;
}
