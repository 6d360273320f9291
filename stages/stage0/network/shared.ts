import { symlinkSync } from 'node:fs';
import { vethName } from './symbols.ts';

/** A file in the directory of a pod whose network another pod shares. */
export const SHARED_MARK = 'shared-link';

/**
 * Makes the mark, which leads to the switch of the pod's link, for use at its end. Must be made before the network is opened: a pod
 * that is alive after that is sure to see the mark when it ends.
 */
export function markShared(podPath: string, uuid: string): void {
  try {
    symlinkSync(`/sys/class/net/${vethName(uuid)}/flags`, `${podPath}/${SHARED_MARK}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
