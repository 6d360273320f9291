import { closeSync, existsSync } from 'node:fs';
import { POD_FILES } from '../pod/layout.ts';
import type { PodDir, PodStore } from '../pod/store.ts';
import { tryLockAt, undoPod } from './remove.ts';

/**
 * Does for a dead pod what its monitor did not live to do: gives back what it holds, then moves it to the exited ones, where its
 * logs stay for the grace period. True when it did; false when there was nothing to do, or the pod lives.
 */
export async function buryDead(store: PodStore, uuid: string): Promise<boolean> {
  const pod = store.locate(uuid);
  if (pod?.state !== 'run' || !wasStarted(pod)) return false;
  const dead = tryLockAt(pod);
  if (!dead) return false;
  // The lock is ours: nobody else moves the pod until it is let go.
  try {
    await bury(store, pod);
    return true;
  } finally {
    closeSync(dead.fd);
  }
}

/** The caller has the pod's lock. */
export async function bury(store: PodStore, pod: PodDir): Promise<void> {
  await undoPod(store.root, pod.uuid, pod.path);
  store.move(pod.uuid, 'run', 'exited');
}

/** Its monitor had begun: there may be logs and events that somebody wants to read. */
export function wasStarted(pod: PodDir): boolean {
  return existsSync(`${pod.path}/${POD_FILES.events}`);
}
