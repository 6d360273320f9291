import { existsSync } from 'node:fs';
import { isLocked } from './lock.ts';
import type { PodDir, PodLookup } from './pod-dir.ts';

/**
 * The pod, and whether somebody makes it or runs it, at one moment: its directory moves when it starts and when it ends, and a
 * lock that is looked for where the pod has just been seems free.
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
