// flock(2) on a pod's directory: held by the process that makes the pod, then by its monitor and init. A free lock means that the
// pod is dead.

import { constants, fstatSync, openSync, statSync } from 'node:fs';
import { LOCK_EX, LOCK_SH, LOCK_UN } from '../../linux/constants.ts';
import { Fd } from '../../linux/fd.ts';
import { flock, tryFlock } from '../../linux/flock.ts';

/** Takes the lock. Returns the descriptor that holds it, or undefined when another process has the lock. */
export function tryLockDir(path: string): number | undefined {
  using directory = openDir(path);
  return tryFlock(directory.number, LOCK_EX, path) ? directory.take() : undefined;
}

const LOOKS = 10;
const LOOK_MS = 2;

/** As `tryLockDir`, but retries for a moment: a process that only checks the lock holds it for an instant. */
export function tryLockPatiently(path: string): number | undefined {
  for (let left = LOOKS; ; left--) {
    const fd = tryLockDir(path);
    if (fd !== undefined || left === 0) return fd;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS);
  }
}

/**
 * Takes a shared lock, which keeps others from taking the exclusive lock. Returns undefined when another process has that, or the
 * directory does not exist.
 */
export function tryShareDir(path: string): number | undefined {
  using directory = openIfThere(path);
  if (!directory || !tryFlock(directory.number, LOCK_SH, path)) return undefined;
  return isSameDir(directory.number, path) ? directory.take() : undefined;
}

/** Takes the lock and waits for it if necessary. Only for locks that are held briefly. */
export function lockDir(path: string): number {
  using directory = openDir(path);
  flock(directory.number, LOCK_EX, path);
  return directory.take();
}

/** Whether the directory of a descriptor is still the one at that path: nothing moved or removed it before the lock was taken. */
export function isSameDir(fd: number, path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  if (!there) return false;
  const held = fstatSync(fd);
  return held.ino === there.ino && held.dev === there.dev;
}

/**
 * Whether a process holds the directory's lock. Tests the lock itself: /proc/locks would cover many directories at once, but for
 * each read of it the kernel takes an RCU grace period (about 10 ms).
 */
export function isLocked(path: string): boolean {
  using directory = openIfThere(path);
  if (!directory) return false;
  // A shared lock, so that two concurrent tests do not take each other for the pod.
  if (!tryFlock(directory.number, LOCK_SH, path)) return true;
  flock(directory.number, LOCK_UN, path);
  return false;
}

function openDir(path: string): Fd {
  return new Fd(openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW));
}

function openIfThere(path: string): Fd | undefined {
  try {
    return openDir(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
