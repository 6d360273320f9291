import { type FSWatcher, rmSync, watch, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { PodError } from '../error.ts';
import { SetLock } from './set-store.ts';
import { isWatched, watchDir } from './watched.ts';

/** There for an instant, which whoever watches the directory hears of. */
const WANTED = 'wanted';

/** What a watcher needs to take back what it has begun: a new pod that was not ready yet, say. */
const PATIENCE_MS = 10_000;
const LOOK_MS = 20;

/** The set's lock; a watcher that has it makes way. Throws `set/busy`. */
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

/** Asks the set's watcher to let go of the set, which it has for as long as pods take to become healthy. False: there is none. */
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

/** For the watcher. Undefined where the host has no more to watch with (inotify(7)): whoever asks is told that the set is busy then. */
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
