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
  const pod = uuid === undefined ? undefined : store.locate(uuid);
  if (pod?.state !== 'run' || readFinal(pod.path) === undefined) return false;
  return watchPod(store, pod.uuid, () => hasEnded(store, pod.uuid), { timeoutMs: MONITOR_EXIT_MS, signal });
}
