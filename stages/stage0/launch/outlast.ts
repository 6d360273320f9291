import { readFinal } from '../pod/events.ts';
import type { PodStore } from '../pod/store.ts';
import { hasEnded, watchPod } from '../pod/wait.ts';

/** How long the monitor may take between its final record, by which the pod has exited, and the release of what the pod held. */
const MONITOR_EXIT_MS = 5000;

/**
 * Waits for the monitor of a pod that has exited but still holds its name and ports. Returns false when the pod is alive, or when its
 * monitor does not finish. Rejects with the signal's reason.
 */
export async function outlast(
  store: PodStore,
  uuid: string | undefined,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  if (uuid === undefined) return false;
  const pod = store.locate(uuid);
  // Its monitor may have finished since it was found to hold something.
  if (hasEnded(store, uuid)) return true;
  if (pod?.state !== 'run' || readFinal(pod.path) === undefined) return false;
  return watchPod(store, uuid, () => hasEnded(store, uuid), { timeoutMs: MONITOR_EXIT_MS, signal });
}
