import { closeSync, openSync } from 'node:fs';
import { LOCK_EX } from '../../linux/constants.ts';
import { flock } from '../../linux/flock.ts';

/** Runs `work`, which must be synchronous, while no other process does so with the same lock file. The file is kept. */
export function withFileLock<T>(path: string, work: () => T): T {
  const fd = openSync(path, 'a', 0o600);
  try {
    flock(fd, LOCK_EX, path);
    return work();
  } finally {
    closeSync(fd);
  }
}
