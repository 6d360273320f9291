import { existsSync } from 'node:fs';
import type { PodStore } from './store.ts';

/**
 * Uses the pod's directory, which moves when the pod ends. Retries if it moved between the lookup and the use: then `use` throws
 * ENOENT or finds nothing (undefined). `path` is undefined when the pod no longer exists or is being removed.
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
