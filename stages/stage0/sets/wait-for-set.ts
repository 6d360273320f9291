import { PodStore } from '../pod/store.ts';
import { waitHealthy } from './health.ts';
import { readInventory, requireKnown } from './inventory.ts';

const DEFAULT_TIMEOUT_MS = 300_000;

/** Resolves when the health of each pod of the set is known, or at the deadline. */
export async function waitForSet(
  root: string,
  set: string,
  { timeoutMs = DEFAULT_TIMEOUT_MS }: { readonly timeoutMs?: number | undefined },
): Promise<void> {
  const inventory = readInventory(root, set);
  requireKnown(inventory);
  const store = new PodStore(root);
  const deadlineMs = Date.now() + timeoutMs;
  await Promise.all(
    Object.values(inventory.pods).map(async ({ current, isCompleted }) => {
      if (current && !isCompleted)
        await waitHealthy(store, current.uuid, { minReadyMs: current.rollout.minReadyMs, deadlineMs });
    }),
  );
}
