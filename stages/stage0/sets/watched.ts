import { closeSync, existsSync, readdirSync, rmSync } from 'node:fs';
import { parseObject, readIfThere } from '../pod/files.ts';
import { isLocked, tryLockDir } from '../pod/lock.ts';
import { setDir } from './set-store.ts';
import { writeWhole } from './write-whole.ts';

const NOTE = 'trouble.json';

/** Locked by the process that watches the set. */
export function watchDir(root: string, set: string): string {
  return `${setDir(root, set)}/watch`;
}

export function isWatched(root: string, set: string): boolean {
  return isLocked(watchDir(root, set));
}

/** For the watcher: records why the set is not what its folder wants, for the set's status; undefined when it is. */
export function noteTrouble(root: string, set: string, message: string | undefined): void {
  const path = `${watchDir(root, set)}/${NOTE}`;
  if (message === undefined) rmSync(path, { force: true });
  else writeWhole(path, JSON.stringify({ message }));
}

/** The watcher's note; a note of a watcher that has ended is ignored. */
export function readTrouble(root: string, set: string): string | undefined {
  const message = parseObject(readIfThere(`${watchDir(root, set)}/${NOTE}`) ?? '')?.['message'];
  return typeof message === 'string' && isWatched(root, set) ? message : undefined;
}

/** Removes the set. A watcher keeps its lock, so that there is no second watcher. The caller holds the set's lock. */
export function removeSet(root: string, set: string): void {
  const dir = setDir(root, set);
  const watch = watchDir(root, set);
  // Holds the watcher's lock too: a process that would become the watcher now finds it taken, or the directory gone.
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
