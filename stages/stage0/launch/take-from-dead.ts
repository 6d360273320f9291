import { existsSync } from 'node:fs';
import { PodError } from '../error.ts';
import { buryDead } from '../gc/bury.ts';
import { disconnect } from '../gc/disconnect.ts';
import { removePod } from '../gc/remove.ts';
import { claimPorts } from '../network/host-ports.ts';
import type { PublishedPort } from '../network/types.ts';
import * as claims from '../pod/claims.ts';
import { findHeld } from '../pod/held.ts';
import { POD_FILES } from '../pod/layout.ts';
import { PodStore } from '../pod/store.ts';
import { isRefusal } from '../refusal.ts';
import { hasLetGo, outlast } from './outlast.ts';

/**
 * Handles refused port claims: releases host ports held by pods that died without their monitor, or were killed while they were
 * made, waits for the monitor of a pod that has just exited, and tries again. The pods may be of another root.
 */
export async function takeFromDead(
  refusal: unknown,
  root: string,
  ports: readonly PublishedPort[],
  uuid: string,
): Promise<void> {
  const gone = new Set<string>();
  for (let error = refusal; ;) {
    const { holder, holderRoot = root } = error instanceof PodError ? error : {};
    if (holder === undefined || gone.has(holder) || !(await endDead(holderRoot, holder))) throw error;
    gone.add(holder);
    try {
      return claimPorts(claims, root, ports, uuid);
    } catch (next) {
      error = next;
    }
  }
}

/**
 * Returns true when the pod was dead, or at its end, and now holds nothing. An exited pod is kept for inspection, and holds nothing, or
 * is just being taken off a network of plugins.
 */
async function endDead(root: string, uuid: string): Promise<boolean> {
  const store = new PodStore(root);
  const found = findHeld(store, uuid);
  const hasExited = found?.pod.state === 'exited';
  // Its monitor may have the lock still, and does nothing else any more.
  const isOnNetwork = hasExited && existsSync(`${found.pod.path}/${POD_FILES.cni}`);
  if (!isOnNetwork && (!found || found.isHeld || hasExited)) return outlast(store, uuid, () => hasLetGo(store, uuid));
  if (found.pod.state === 'prepared') return false;
  try {
    if (isOnNetwork) await disconnect(root, uuid);
    else if (!(await buryDead(store, uuid))) await removePod(root, uuid);
    return true;
  } catch (error) {
    // Either the pod is alive after all, or it cannot be removed: pod gc reports why.
    if (error instanceof PodError || isRefusal(error)) return false;
    throw error;
  }
}
