import { createHash } from 'node:crypto';
import { closeSync, readdirSync, readFileSync, renameSync, statSync, utimesSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeDirectories } from '../../linux/directory.ts';
import { PodError } from '../error.ts';
import { SNAPSHOT_STAGING, snapshotsDir } from '../pod/layout.ts';
import { isSameDir, tryLockDir, tryShareDir } from '../pod/lock.ts';
import { readRecord } from '../pod/record.ts';
import { removeTree } from '../pod/remove-tree.ts';
import { PodStore } from '../pod/store.ts';
import { guarded } from './guard.ts';
import { ownAsInside } from './own-by-root.ts';

/** What a pod of an environment was cloned from, in its labels. */
export const SNAPSHOT_LABEL = 'pod.test/snapshot';
export const ENVIRONMENT_LABEL = 'pod.test/environment';

/** Of an environment, so many that nobody uses stay: who goes back to yesterday's migrations does not wait again. */
const KEPT = 3;
const LOCK_PAUSE_MS = 25;

/** Changes when what is in a snapshot, or how it is made, does. */
const FORMAT = 1;

export interface KeyInput {
  readonly manifests: readonly string[];
  /** Digests of the images, in the order of the manifests and their apps. */
  readonly images: readonly string[];
  readonly isHermetic: boolean;
  readonly setup: string;
  /** Contents matter, places do not. */
  readonly inputs: readonly string[];
}

export function snapshotKey({ inputs, ...input }: KeyInput): string {
  const hash = createHash('sha256').update(JSON.stringify([FORMAT, input]));
  for (const path of inputs) hash.update(createHash('sha256').update(readInput(path)).digest());
  return hash.digest('hex').slice(0, 32);
}

function readInput(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const isDirectory = (cause as NodeJS.ErrnoException).code === 'EISDIR';
    const what = isDirectory ? 'it is a directory' : (cause as Error).message;
    throw new PodError('test/options', `read "${path}", which is one of option "inputs": ${what}`, {
      cause,
      hint: isDirectory ? `name its files: ${path}/*` : undefined,
    });
  }
}

/** The snapshots that this process clones from, by path: a lock that keeps others from forgetting them, until it ends. */
const held = new Map<string, number>();

/** Throws when it cannot be made; calls `keep` first when what it has written by then is still looked at. */
type Make = (staging: string, keep: () => void) => Promise<void>;

/** The directory of the snapshot, made first if it is not there: by one process, for which the others wait. It stays as long as this process does. */
export async function ensureSnapshot(root: string, environment: string, key: string, make: Make): Promise<string> {
  const home = snapshotsHome(root, environment);
  const path = `${home}/${key}`;
  if (hold(path)) return path;
  makeDirectories(home, 0o700);
  const lock = await lockWhenFree(home);
  try {
    if (hold(path)) return path;
    await guarded(root, () => makeIn(`${home}/${SNAPSHOT_STAGING}`, path, make));
    hold(path);
    forgetOld(root, home, key);
    return path;
  } finally {
    closeSync(lock);
  }
}

async function makeIn(staging: string, path: string, make: Make): Promise<void> {
  // Of a setup that was killed, or that was left up.
  removeTree(staging);
  makeDirectories(staging, 0o700);
  let isKept = false;
  try {
    await make(staging, () => (isKept = true));
  } catch (error) {
    if (!isKept) removeTree(staging);
    throw error;
  }
  renameSync(staging, path);
}

export function snapshotsHome(root: string, environment: string): string {
  return `${snapshotsDir(root)}/${environment}`;
}

/** What setup has left of a pod becomes layers: without what an overlay needs for itself, and owned as an image is. */
export function finishLayers(path: string, uidBase: number | null): void {
  for (const name of readdirSync(path)) {
    if (name.startsWith('work.')) removeTree(`${path}/${name}`);
  }
  if (uidBase !== null) ownAsInside(Buffer.from(path), uidBase);
}

/** False when it is not there, or is being forgotten. */
function hold(path: string): boolean {
  const before = held.get(path);
  if (before === undefined || !isSameDir(before, path)) {
    const lock = tryShareDir(path);
    if (lock === undefined) return false;
    if (before !== undefined) closeSync(before);
    held.set(path, lock);
  }
  const now = new Date();
  utimesSync(path, now, now);
  return true;
}

async function lockWhenFree(path: string): Promise<number> {
  for (;;) {
    const fd = tryLockDir(path);
    if (fd !== undefined) return fd;
    await sleep(LOCK_PAUSE_MS);
  }
}

/** Those that pods are mounted on stay, and those that a process clones from. */
function forgetOld(root: string, home: string, key: string): void {
  const used = new Set(
    new PodStore(root).list(['prepare', 'run']).map(({ path }) => readRecord(path)?.labels[SNAPSHOT_LABEL]),
  );
  const others = readdirSync(home).filter((name) => name !== key && name !== SNAPSHOT_STAGING && !used.has(name));
  const byAge = others.toSorted((a, b) => statSync(`${home}/${b}`).mtimeMs - statSync(`${home}/${a}`).mtimeMs);
  for (const name of byAge.slice(KEPT)) {
    const lock = tryLockDir(`${home}/${name}`);
    if (lock === undefined) continue;
    removeTree(`${home}/${name}`);
    closeSync(lock);
  }
}
