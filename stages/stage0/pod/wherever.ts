import { existsSync } from 'node:fs';
import type { PodStore } from './store.ts';

/**
 * Uses the pod's directory, which moves when the pod ends: tried again when that happened between the look for it and the use,
 * which throws ENOENT then. `path` is undefined when there is no such pod any more.
 */
export function wherever<T>(store: PodStore, uuid: string, use: (path: string | undefined) => T): T {
  for (;;) {
    const path = store.locate(uuid)?.path;
    try {
      return use(path);
    } catch (error) {
      const hasMoved = path !== undefined && !existsSync(path);
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || !hasMoved) throw error;
    }
  }
}
