import { symlinkSync } from 'node:fs';
import { vethName } from './symbols.ts';

/** In the directory of a pod whose network another pod shares. */
export const SHARED_MARK = 'shared-link';

/**
 * Leads to the switch of the pod's link, for its end. To be made before the network is opened: a pod that lives after that has its
 * end still before it.
 */
export function markShared(podPath: string, uuid: string): void {
  try {
    symlinkSync(`/sys/class/net/${vethName(uuid)}/flags`, `${podPath}/${SHARED_MARK}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
