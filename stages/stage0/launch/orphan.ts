import { buryDead } from '../gc/bury.ts';
import type { PodStore } from '../pod/store.ts';
import { waitForPod } from '../pod/wait.ts';

/**
 * Called when the monitor was killed and its pod continues. Resolves when the pod has ended too and has been cleaned up. `release`
 * comes first, because this process's share of the pod's lock would make the pod look alive forever.
 */
export async function outliveMonitor(store: PodStore, uuid: string, release: () => void): Promise<void> {
  release();
  await waitForPod(store, uuid, 'exit');
  await buryDead(store, uuid);
}
