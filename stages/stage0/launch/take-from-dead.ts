import { PodError } from '../error.ts';
import { buryDead } from '../gc/bury.ts';
import { removePod } from '../gc/remove.ts';
import { claimPorts } from '../network/host-ports.ts';
import type { PublishedPort } from '../network/types.ts';
import * as claims from '../pod/claims.ts';
import { findHeld } from '../pod/held.ts';
import { PodStore } from '../pod/store.ts';
import { isRefusal } from '../refusal.ts';

/** After a refusal: a pod that died without its monitor, or that was killed while it was made, gives up its host ports, as it does its name. */
export async function takeFromDead(
  refusal: unknown,
  root: string,
  ports: readonly PublishedPort[],
  uuid: string,
): Promise<void> {
  const gone = new Set<string>();
  for (let error = refusal; ;) {
    const holder = error instanceof PodError ? error.holder : undefined;
    if (holder === undefined || gone.has(holder) || !(await endDead(root, holder))) throw error;
    gone.add(holder);
    try {
      return claimPorts(claims, root, ports, uuid);
    } catch (next) {
      error = next;
    }
  }
}

/** True when the pod was dead, and holds nothing any more. One that has exited is there to be looked at, and holds nothing anyway. */
async function endDead(root: string, uuid: string): Promise<boolean> {
  const store = new PodStore(root);
  const found = findHeld(store, uuid);
  if (!found || found.isHeld || found.pod.state === 'prepared' || found.pod.state === 'exited') return false;
  try {
    if (!(await buryDead(store, uuid))) await removePod(root, uuid);
    return true;
  } catch (error) {
    // It came to life meanwhile, or pod gc has to say why it cannot be removed.
    if (error instanceof PodError || isRefusal(error)) return false;
    throw error;
  }
}
