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

/** Labels that name what an environment's pod was cloned from. */
export const SNAPSHOT_LABEL = 'pod.test/snapshot';
export const ENVIRONMENT_LABEL = 'pod.test/environment';

/** The number of unused snapshots kept for each environment, so that going back to yesterday's migrations needs no new setup. */
const KEPT = 3;
const LOCK_PAUSE_MS = 25;

/** Increase it when the content of a snapshot, or how it is made, changes. */
const FORMAT = 1;

export interface KeyInput {
  readonly manifests: readonly string[];
  /** Digests of the images, in the order of the manifests and their apps. */
  readonly images: readonly string[];
  readonly isHermetic: boolean;
  readonly setup: string;
  /** Only the content counts, not the path. */
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

/**
 * The snapshots that this process clones from, by path. Each has a shared lock, held until the process ends, which keeps others
 * from removing the snapshot.
 */
const held = new Map<string, number>();

/** Throws when the snapshot cannot be made; calls `keep` first when the staging directory must stay for inspection. */
type Make = (staging: string, keep: () => void) => Promise<void>;

/**
 * The directory of the snapshot. If it does not exist, one process makes it while the others wait. It is kept while this process
 * lives. `signal` ends the wait for another process.
 */
export async function ensureSnapshot(
  root: string,
  environment: string,
  key: string,
  make: Make,
  signal: AbortSignal,
): Promise<string> {
  const home = snapshotsHome(root, environment);
  const path = `${home}/${key}`;
  if (hold(path)) return path;
  makeDirectories(home, 0o700);
  const lock = await lockWhenFree(home, signal);
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
  // Left by a setup that was killed or left up.
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

/**
 * Turns what setup has left of a pod into layers: removes the overlay's work directories and maps the owners to those of an image.
 */
export function finishLayers(path: string, uidBase: number | null): void {
  for (const name of readdirSync(path)) {
    if (name.startsWith('work.')) removeTree(`${path}/${name}`);
  }
  if (uidBase !== null) ownAsInside(Buffer.from(path), uidBase);
}

/** Returns false when the snapshot does not exist or is being removed. */
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

async function lockWhenFree(path: string, signal: AbortSignal): Promise<number> {
  for (;;) {
    signal.throwIfAborted();
    const fd = tryLockDir(path);
    if (fd !== undefined) return fd;
    await sleep(LOCK_PAUSE_MS);
  }
}

/** Keeps snapshots that pods are mounted on and those that a process clones from. */
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
