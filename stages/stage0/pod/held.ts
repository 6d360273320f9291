import { existsSync } from 'node:fs';
import { isLocked } from './lock.ts';
import type { PodDir, PodLookup } from './pod-dir.ts';

/**
 * Finds the pod, and whether another process makes or runs it, consistently: the pod's directory moves when it starts and ends, and
 * a lock that is tested where the pod has just been would seem free.
 */
export function findHeld(
  store: PodLookup,
  uuid: string,
): { readonly pod: PodDir; readonly isHeld: boolean } | undefined {
  for (;;) {
    const pod = store.locate(uuid);
    if (!pod) return undefined;
    const isHeld = isLocked(pod.path);
    if (isHeld || existsSync(pod.path)) return { pod, isHeld };
  }
}
