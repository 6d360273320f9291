import { buryDead } from '../gc/bury.ts';
import type { PodStore } from '../pod/store.ts';
import { waitForPod } from '../pod/wait.ts';

/**
 * The monitor ended without a word: somebody killed it, and its pod goes on. Resolves when that has ended too, and is put in
 * order. `release` comes first, because our own share of the pod's lock would make it look alive for ever.
 */
export async function outliveMonitor(store: PodStore, uuid: string, release: () => void): Promise<void> {
  release();
  await waitForPod(store, uuid, 'exit');
  await buryDead(store, uuid);
}
