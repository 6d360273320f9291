import { PodError } from '../error.ts';
import { claimName } from '../pod/names.ts';
import { readLife } from './life.ts';
import type { InventoryPod } from './inventory.ts';
import { forget, removeFromSet } from './take-away.ts';
import type { Work } from './work.ts';

/** Ends what a killed process had begun: of each pod there is one afterwards, or none. */
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
  // With the old one there the new one was not yet to be relied on; it gets no second look, but a second start.
  if (life.kind !== 'missing' && !hasOld) {
    await forget(work, previous);
    return { current: next, previous: current?.uuid };
  }
  // Of one that was killed while it was made there is no life, but its claims: of its host ports, too.
  await removeFromSet(work, name, next.uuid);
  if (hasOld) reclaim(work, name, current.uuid);
  return current && { current, previous };
}

/** The name goes back to the pod that had it; somebody else may have taken it meanwhile. */
export function reclaim({ store }: Work, name: string, uuid: string): void {
  try {
    claimName(store, name, uuid);
  } catch (error) {
    // It is found by its record all the same.
    if (!(error instanceof PodError)) throw error;
  }
}
