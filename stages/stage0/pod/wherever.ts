import { existsSync } from 'node:fs';
import type { PodStore } from './store.ts';

/**
 * Uses the pod's directory, which moves when the pod ends: tried again when that happened between the look for it and the use,
 * which throws ENOENT then, or finds nothing (undefined). `path` is undefined when there is no such pod any more, or it is being
 * removed.
 */
export function wherever<T>(store: PodStore, uuid: string, use: (path: string | undefined) => T): T {
  for (;;) {
    const pod = store.locate(uuid);
    const path = pod?.state === 'garbage' ? undefined : pod?.path;
    const hasMoved = (): boolean => path !== undefined && !existsSync(path);
    try {
      const result = use(path);
      if (result !== undefined || !hasMoved()) return result;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || !hasMoved()) throw error;
    }
  }
}
