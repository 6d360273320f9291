import { releaseName } from './names.ts';
import { PodStore } from './store.ts';

/** Of a pod whose monitor was to remove it: true when it did, and nothing is left but its name, which is given back. */
export function isCleared(root: string, uuid: string, name: string): boolean {
  if (new PodStore(root).locate(uuid)) return false;
  releaseName(root, name, uuid);
  return true;
}
