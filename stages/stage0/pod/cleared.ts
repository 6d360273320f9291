import { releaseName } from './names.ts';
import { PodStore } from './store.ts';

/** For a pod that its monitor was to remove: returns true when nothing is left but the pod's name, and releases the name. */
export function isCleared(root: string, uuid: string, name: string): boolean {
  if (new PodStore(root).locate(uuid)) return false;
  releaseName(root, name, uuid);
  return true;
}
