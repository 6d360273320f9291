import { type FSWatcher, rmSync, watch, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { PodError } from '../error.ts';
import { SetLock } from './set-store.ts';
import { isWatched, watchDir } from './watched.ts';

/** This file exists for an instant, of which a watcher of the directory is notified. */
const WANTED = 'wanted';

/** How long the watcher may take to withdraw what it has begun, such as a new pod that is not ready yet. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 20;

/** Takes the set's lock; a watcher that holds it gives way. Throws `set/busy`. */
export async function takeSet(root: string, set: string, signal?: AbortSignal): Promise<SetLock> {
  const deadlineMs = Date.now() + PATIENCE_MS;
  let lock = SetLock.tryTake(root, set);
  if (!lock && askForWay(root, set)) {
    while (!lock && Date.now() < deadlineMs) {
      signal?.throwIfAborted();
      await delay(LOOK_MS);
      lock = SetLock.tryTake(root, set);
    }
  }
  return lock ?? SetLock.take(root, set);
}

/**
 * Asks the set's watcher to release the set, which it otherwise holds until pods are healthy. Returns false if there is no watcher.
 */
function askForWay(root: string, set: string): boolean {
  if (!isWatched(root, set)) return false;
  const path = `${watchDir(root, set)}/${WANTED}`;
  try {
    writeFileSync(path, '');
    rmSync(path, { force: true });
    return true;
  } catch (error) {
    throw new PodError('state/io', `use "${path}": ${(error as Error).message}`, { cause: error });
  }
}

/** For the watcher. Undefined when the host has no watches left (inotify(7)): requests then fail with `set/busy`. */
export function onAskedForWay(root: string, set: string, giveWay: () => void): FSWatcher | undefined {
  try {
    return watch(watchDir(root, set), { persistent: false }, (_event, name) => {
      if (name === WANTED) giveWay();
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOSPC' && code !== 'EMFILE') throw error;
    return undefined;
  }
}
