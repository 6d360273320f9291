import { closeSync, existsSync } from 'node:fs';
import { POD_FILES } from '../pod/layout.ts';
import { requireOwnRoot } from '../pod/own-root.ts';
import type { PodDir, PodStore } from '../pod/store.ts';
import { tryLockAt, undoPod } from './remove.ts';

/**
 * Does for a dead pod what its monitor did not live to do: releases what the pod holds, then moves it to `exited`, where its logs
 * stay for the grace period. Returns true when it did, false when there was nothing to do or the pod is alive.
 */
export async function buryDead(store: PodStore, uuid: string): Promise<boolean> {
  requireOwnRoot(store.root);
  const pod = store.locate(uuid);
  if (pod?.state !== 'run' || !wasStarted(pod)) return false;
  const dead = tryLockAt(pod);
  if (!dead) return false;
  // While the lock is held, no other process moves the pod.
  try {
    await bury(store, pod);
    return true;
  } finally {
    closeSync(dead.fd);
  }
}

/** The caller holds the pod's lock. */
export async function bury(store: PodStore, pod: PodDir): Promise<void> {
  await undoPod(store.root, pod.uuid, pod.path);
  store.move(pod.uuid, 'run', 'exited');
}

/** True when the pod's monitor had started: there may be logs and events that are worth keeping. */
export function wasStarted(pod: PodDir): boolean {
  return existsSync(`${pod.path}/${POD_FILES.events}`);
}
