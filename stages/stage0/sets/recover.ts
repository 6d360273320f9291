import { PodError } from '../error.ts';
import { claimName } from '../pod/names.ts';
import { readLife } from './life.ts';
import type { InventoryPod } from './inventory.ts';
import { forget, removeFromSet } from './take-away.ts';
import type { Work } from './work.ts';

/** Completes or undoes what a killed process had begun: afterwards there is one pod for each name, or none. */
export async function recover(work: Work): Promise<void> {
  for (const [name, entry] of Object.entries(work.inventory.now.pods)) {
    if (entry.next || entry.leaving?.length) work.inventory.updatePods({ [name]: await settle(work, name, entry) });
  }
}

async function settle(
  work: Work,
  name: string,
  { current, next, leaving = [], previous }: InventoryPod,
): Promise<InventoryPod | undefined> {
  for (const uuid of leaving) await removeFromSet(work, name, uuid);
  if (!next) return { current, previous };
  const life = readLife(work.store, next.uuid);
  const hasOld = current !== undefined && readLife(work.store, current.uuid).kind === 'alive';
  // If the old pod exists, the new one was not ready yet; it is removed and started again rather than examined.
  if (life.kind !== 'missing' && !hasOld) {
    await forget(work, previous);
    return { current: next, previous: current?.uuid };
  }
  // A pod that was killed while it was made has not lived, but holds claims, also on its host ports.
  await removeFromSet(work, name, next.uuid);
  if (hasOld) reclaim(work, name, current.uuid);
  return current && { current, previous };
}

/** Returns the name to the pod that had it; another pod may have taken it meanwhile. */
export function reclaim({ store }: Work, name: string, uuid: string): void {
  try {
    claimName(store, name, uuid);
  } catch (error) {
    // The pod can still be found by its record.
    if (!(error instanceof PodError)) throw error;
  }
}
