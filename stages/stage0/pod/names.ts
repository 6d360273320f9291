import { closeSync, readFileSync, statSync, unlinkSync } from 'node:fs';
import { makeDirectories } from '../../linux/directory.ts';
import { PodError } from '../error.ts';
import { claim, release } from './claims.ts';
import { findHeld } from './held.ts';
import { lockDir } from './lock.ts';
import type { PodLookup } from './pod-dir.ts';
import { isUuid } from './uuid.ts';

/** The pod that holds the name, alive or not. */
export function nameOwner(root: string, name: string): string | undefined {
  if (!isClaimable(name)) return undefined;
  try {
    const owner = readFileSync(`${root}/claims/name/${name}`, 'latin1').trim();
    return isUuid(owner) ? owner : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** The pod that holds the name, if it is alive or prepared. */
export function livingOwner(store: PodLookup, name: string): string | undefined {
  const owner = nameOwner(store.root, name);
  return owner !== undefined && isAlive(store, owner) ? owner : undefined;
}

/**
 * Claims the name for the pod. A name belongs to one living pod. Once that pod has exited, the next pod that wants the name gets
 * it, so that the same manifest can be run repeatedly. `replaces` is a living pod that gives up the name. Throws `pod/name-taken`.
 */
export function claimName(store: PodLookup, name: string, uuid: string, replaces?: string): void {
  if (!isClaimable(name)) throw new Error(`"${name}" is not a pod name`);
  if (claim(store.root, 'name', name, uuid)) return;
  withNameLock(store.root, () => {
    const owner = nameOwner(store.root, name);
    if (owner === uuid) return;
    if (owner === undefined) dropTorn(store.root, name);
    else {
      if (owner !== replaces && isAlive(store, owner)) throw nameTaken(store, name, owner);
      release(store.root, 'name', name, owner);
    }
    if (!claim(store.root, 'name', name, uuid)) throw nameTaken(store, name, nameOwner(store.root, name) ?? '?');
  });
}

/** Releases the name if the pod still holds it. */
export function releaseName(root: string, name: string, uuid: string): void {
  if (nameOwner(root, name) !== uuid) return;
  withNameLock(root, () => release(root, 'name', name, uuid));
}

/** Reads and changes the holder of a name in one step; otherwise the name could be taken from its new owner. */
function withNameLock(root: string, change: () => void): void {
  const dir = `${root}/claims/name`;
  makeDirectories(dir, 0o700);
  const fd = lockDir(dir);
  try {
    change();
  } finally {
    closeSync(fd);
  }
}

/** A claim is empty for an instant between its creation and its writing. If it stays empty, its maker was killed. */
const TORN_MS = 1000;

/** Removes an empty claim that a crash left. */
function dropTorn(root: string, name: string): void {
  const path = `${root}/claims/name/${name}`;
  const made = statSync(path, { throwIfNoEntry: false });
  if (made && Date.now() - made.mtimeMs >= TORN_MS) unlinkSync(path);
}

function isAlive(store: PodLookup, uuid: string): boolean {
  const found = findHeld(store, uuid);
  if (!found) return false;
  const { state } = found.pod;
  return state === 'prepared' || ((state === 'prepare' || state === 'run') && found.isHeld);
}

/** A name becomes a file name: no separators, no dot at the front. The manifest's schema is stricter. */
function isClaimable(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(name) && name.length <= 200;
}

function nameTaken(store: PodLookup, name: string, owner: string): PodError {
  const isPrepared = store.locate(owner)?.state === 'prepared';
  const what = isPrepared
    ? `run or remove that pod (pod run-prepared ${name}, pod rm ${name})`
    : `stop that pod (pod stop ${name})`;
  return new PodError('pod/name-taken', `take the name "${name}": pod ${owner} has it`, {
    hint: `${what}, or give this pod another name with --name`,
  });
}
