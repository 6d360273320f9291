import { takeSet } from './give-way.ts';
import { OpenInventory, requireKnown } from './inventory.ts';
import { removeSet } from './watched.ts';

/** Blocks changes of the set until it is resumed; its pods run on. Returns false when nothing changed. */
export async function setSuspended(root: string, set: string, isSuspended: boolean): Promise<boolean> {
  using lock = await takeSet(root, set);
  void lock;
  const inventory = new OpenInventory(root, set);
  if (inventory.now.serial === 0) removeSet(root, set);
  requireKnown(inventory.now);
  if ((inventory.now.isSuspended ?? false) === isSuspended) return false;
  inventory.update({ isSuspended: isSuspended || undefined });
  return true;
}
