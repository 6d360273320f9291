// flock(2) on a pod's directory: held by the process that makes the pod, then by its monitor and init. A free lock means that the
// pod is dead.

import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { ERRNO, SyscallError } from '../../linux/errno.ts';
import { trySyscall } from '../../linux/syscall.ts';

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

/** Takes the lock. Returns the descriptor that holds it, or undefined when another process has the lock. */
export function tryLockDir(path: string): number | undefined {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  const result = flock(fd, LOCK_EX | LOCK_NB);
  if (result === 0) return fd;
  closeSync(fd);
  if (result === -ERRNO.EAGAIN) return undefined;
  throw new SyscallError('flock', -result, path);
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
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const result = flock(fd, LOCK_SH | LOCK_NB);
  if (result === 0 && isSameDir(fd, path)) return fd;
  closeSync(fd);
  if (result === 0 || result === -ERRNO.EAGAIN) return undefined;
  throw new SyscallError('flock', -result, path);
}

/** Takes the lock and waits for it if necessary. Only for locks that are held briefly. */
export function lockDir(path: string): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  const result = flock(fd, LOCK_EX);
  if (result === 0) return fd;
  closeSync(fd);
  throw new SyscallError('flock', -result, path);
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
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  try {
    // A shared lock, so that two concurrent tests do not take each other for the pod.
    const result = flock(fd, LOCK_SH | LOCK_NB);
    if (result === 0) flock(fd, LOCK_UN);
    else if (result !== -ERRNO.EAGAIN) throw new SyscallError('flock', -result, path);
    return result !== 0;
  } finally {
    closeSync(fd);
  }
}

function flock(fd: number, operation: number): number {
  for (;;) {
    const result = trySyscall('flock', fd, operation);
    if (result !== -ERRNO.EINTR) return result;
  }
}
