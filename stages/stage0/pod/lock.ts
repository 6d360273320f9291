// flock(2) on a pod's directory: held by whoever makes the pod, then by its monitor and init. Lock free means dead.

import { closeSync, constants, fstatSync, openSync, readFileSync, readlinkSync, type Stats, statSync } from 'node:fs';
import { ERRNO, SyscallError } from '../../linux/errno.ts';
import { trySyscall } from '../../linux/syscall.ts';

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
const LOCK_UN = 8;

/** PROC_PID_INIT_INO of the kernel: only readers in the first pid namespace see every lock in /proc/locks. */
const FIRST_PID_NAMESPACE = 'pid:[4026531836]';

/** Takes the lock; the result is the descriptor that holds it, or undefined when another process has it. */
export function tryLockDir(path: string): number | undefined {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  const result = flock(fd, LOCK_EX | LOCK_NB);
  if (result === 0) return fd;
  closeSync(fd);
  if (result === -ERRNO.EAGAIN) return undefined;
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
 * Answers "is this directory locked" for many directories from one read of /proc/locks, which costs less than loading the
 * native library for flock(2) would.
 */
export class LockTable {
  readonly #locked: ReadonlySet<string> | undefined;
  readonly #inodes: ReadonlySet<string>;

  constructor(text: string | undefined = readLocks()) {
    const { locked, inodes } = parseLocks(text ?? '');
    this.#locked = text === undefined ? undefined : locked;
    this.#inodes = inodes;
  }

  isLocked(path: string): boolean {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats) return false;
    if (!this.#locked) return probe(path);
    if (this.#locked.has(lockKey(stats))) return true;
    // Some file systems (btrfs) show stat(2) another device number than the one in /proc/locks.
    return this.#inodes.has(String(stats.ino)) && probe(path);
  }
}

/** Undefined where /proc/locks would hide locks from us. */
function readLocks(): string | undefined {
  if (readlinkSync('/proc/self/ns/pid') !== FIRST_PID_NAMESPACE) return undefined;
  return readFileSync('/proc/locks', 'latin1');
}

function parseLocks(text: string): { locked: Set<string>; inodes: Set<string> } {
  const locked = new Set<string>();
  const inodes = new Set<string>();
  // A waiter's line has `->` after the number and is no lock yet.
  for (const match of text.matchAll(/^\d+: FLOCK +\S+ +\S+ +-?\d+ ([0-9a-f]+):([0-9a-f]+):(\d+) /gm)) {
    locked.add(`${Number.parseInt(match[1]!, 16)}:${Number.parseInt(match[2]!, 16)}:${match[3]!}`);
    inodes.add(match[3]!);
  }
  return { locked, inodes };
}

/** major:minor:inode, with st_dev taken apart as gnu_dev_major(3) does. */
function lockKey({ dev, ino }: Stats): string {
  const high = Math.floor(dev / 2 ** 32);
  const low = dev % 2 ** 32;
  const major = ((low >>> 8) & 0xfff) + (high - (high % 0x1000));
  const minor = (low & 0xff) + ((low >>> 20) << 8) + (high % 0x1000) * 2 ** 20;
  return `${major}:${minor}:${ino}`;
}

function probe(path: string): boolean {
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
