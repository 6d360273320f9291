import { closeSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { parseObject, readIfThere } from '../pod/files.ts';
import { isLocked, tryLockDir } from '../pod/lock.ts';
import { setDir } from './set-store.ts';
import { writeWhole } from './write-whole.ts';

const NOTE = 'trouble.json';

/** Locked by whoever watches the set. */
export function watchDir(root: string, set: string): string {
  return `${setDir(root, set)}/watch`;
}

export function isWatched(root: string, set: string): boolean {
  return isLocked(watchDir(root, set));
}

/** Why the set is not what its folder wants, for whoever asks for its state; undefined when it is. For its watcher. */
export function noteTrouble(root: string, set: string, message: string | undefined): void {
  const path = `${watchDir(root, set)}/${NOTE}`;
  if (message === undefined) rmSync(path, { force: true });
  else writeWhole(path, JSON.stringify({ message }));
}

/** What the watcher noted; what one that is no more has noted says nothing of now. */
export function readTrouble(root: string, set: string): string | undefined {
  const message = parseObject(readIfThere(`${watchDir(root, set)}/${NOTE}`) ?? '')?.['message'];
  return typeof message === 'string' && isWatched(root, set) ? message : undefined;
}

/** The set is no more; its watcher keeps what is his, so that there is no second one. The set's lock is held. */
export function removeSet(root: string, set: string): void {
  const dir = setDir(root, set);
  const watch = watchDir(root, set);
  // With the watcher's lock: who would become one now finds that it is taken, or the directory gone.
  const lock = existsSync(watch) ? tryLockDir(watch) : undefined;
  if (lock !== undefined || !isWatched(root, set)) {
    rmSync(dir, { recursive: true, force: true });
    if (lock !== undefined) closeSync(lock);
    return;
  }
  for (const name of readdirSync(dir)) {
    if (`${dir}/${name}` !== watch) rmSync(`${dir}/${name}`, { recursive: true, force: true });
  }
}
