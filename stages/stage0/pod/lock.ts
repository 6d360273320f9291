// flock(2) on a pod's directory: held by whoever makes the pod, then by its monitor and init. Lock free means dead.

import { closeSync, constants, fstatSync, openSync, statSync } from 'node:fs';
import { ERRNO, SyscallError } from '../../linux/errno.ts';
import { trySyscall } from '../../linux/syscall.ts';

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

/** Takes the lock; the result is the descriptor that holds it, or undefined when another process has it. */
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

/** The same, for a lock that others only hold for long when they work under it: who looks whether it is held has it for an instant. */
export function tryLockPatiently(path: string): number | undefined {
  for (let left = LOOKS; ; left--) {
    const fd = tryLockDir(path);
    if (fd !== undefined || left === 0) return fd;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS);
  }
}

/** Keeps others from taking the lock, not from sharing it; undefined when one has it, or there is no such directory. */
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

/** Takes the lock, waiting for its holder. Only for locks that are held for an instant. */
export function lockDir(path: string): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  const result = flock(fd, LOCK_EX);
  if (result === 0) return fd;
  closeSync(fd);
  throw new SyscallError('flock', -result, path);
}

/** The directory a descriptor holds is still the one at that path: nobody moved or removed it before the lock was ours. */
export function isSameDir(fd: number, path: string): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  if (!there) return false;
  const held = fstatSync(fd);
  return held.ino === there.ino && held.dev === there.dev;
}

/**
 * Does somebody hold the directory's lock? Asked of the lock itself: /proc/locks would answer for many directories at once, but
 * the kernel takes an RCU grace period (some 10 ms) for each read of it.
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
    // Shared, so that two probes at once do not take each other for the pod.
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
