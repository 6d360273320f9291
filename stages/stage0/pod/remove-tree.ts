// openat2(2), unlinkat(2), renameat(2): one name below a descriptor at a time, no path a pod could bend.

import { closeSync, fstatSync } from 'node:fs';
import { AT_FDCWD, AT_REMOVEDIR, O_DIRECTORY, O_NOFOLLOW, RESOLVE_NO_XDEV } from '../../linux/constants.ts';
import { readEntries } from '../../linux/directory.ts';
import { ERRNO, SyscallError } from '../../linux/errno.ts';
import { tryFchmod, tryFchmodat, tryOpenat2, tryRenameat, tryUnlinkat } from '../../linux/file.ts';
import { PodError } from '../error.ts';

/** Deeper directories are moved to the top before they are emptied, so that neither descriptors nor path lengths run out. */
const MAX_DEPTH = 16;

/** Prefix of directories that wait in the top directory to be emptied; a later call also finds those of a killed one. */
const MOVED_PREFIX = '.remove-';

/**
 * How often a directory may get new entries while it is emptied before the removal fails with the message that something still
 * writes there.
 */
const MAX_REFILLS = 100;

const OWNER_ALL = 0o700;

/**
 * Deletes the directory `path` and everything below it. `last` names files in it that are deleted after everything else. The tree
 * was written by a pod and is not trusted: symbolic links are never followed, and any depth is handled. Nothing behind a mount
 * point is touched.
 */
export function removeTree(path: string, last: readonly string[] = []): void {
  const fd = openDirAt(AT_FDCWD, bytes(path), path);
  if (fd === undefined) return;
  try {
    const removal = new Removal(fd, path);
    while (!removal.pass(last));
    for (const name of last) removal.removeEntry(name);
    // The type of these entries is not trusted: a directory in place of a file may have been deep.
    while (!removal.pass([]));
  } finally {
    closeSync(fd);
  }
  unlink(AT_FDCWD, bytes(path), AT_REMOVEDIR, path);
}

class Removal {
  readonly #top: number;
  readonly #path: string;
  #nextNumber = 0;
  #refills = 0;

  constructor(top: number, path: string) {
    this.#top = top;
    this.#path = path;
  }

  /** Processes the top directory once. Returns true when it found nothing but `kept`. */
  pass(kept: readonly string[]): boolean {
    let isEmpty = true;
    for (const { name, isDirectory } of readEntries(this.#top)) {
      if (kept.includes(shown(name))) continue;
      isEmpty = false;
      this.#remove(this.#top, name, isDirectory, 1, `${this.#path}/${shown(name)}`);
    }
    return isEmpty;
  }

  removeEntry(name: string): void {
    this.#remove(this.#top, bytes(name), undefined, 1, `${this.#path}/${name}`);
  }

  #remove(parent: number, name: Buffer, isDirectory: boolean | undefined, depth: number, path: string): void {
    if (isDirectory !== true) {
      const result = unlink(parent, name, 0, path);
      // Some file systems do not report which entries are directories.
      if (result !== -ERRNO.EISDIR) return;
    }
    if (depth > MAX_DEPTH) this.#moveToTop(parent, name, path);
    else this.#removeDir(parent, name, depth, path);
  }

  #removeDir(parent: number, name: Buffer, depth: number, path: string): void {
    const fd = openDirAt(parent, name, path);
    // The entry is gone, or was never a directory.
    if (fd === undefined) return;
    try {
      for (const entry of readEntries(fd))
        this.#remove(fd, entry.name, entry.isDirectory, depth + 1, `${path}/${shown(entry.name)}`);
    } finally {
      closeSync(fd);
    }
    if (unlink(parent, name, AT_REMOVEDIR, path) !== -ERRNO.ENOTEMPTY) return;
    if (++this.#refills > MAX_REFILLS) throw stillWritten(path);
    // An entry was made in the directory while it was emptied.
    this.#removeDir(parent, name, depth, path);
  }

  /** A later pass over the top directory finds the moved directory. */
  #moveToTop(parent: number, name: Buffer, path: string): void {
    for (;;) {
      const free = bytes(`${MOVED_PREFIX}${this.#nextNumber++}`);
      const result = tryRenameat(parent, name, this.#top, free);
      if (result === 0 || result === -ERRNO.ENOENT) return;
      if (result === -ERRNO.EBUSY || result === -ERRNO.EXDEV) throw mounted(path);
      // The number is taken by a directory that an earlier, killed removal moved.
      const isTaken = result === -ERRNO.ENOTEMPTY || result === -ERRNO.EEXIST || result === -ERRNO.ENOTDIR;
      if (!isTaken) throw new SyscallError('renameat2', -result, path);
    }
  }
}

/** Names are bytes: a pod's file names need not be UTF-8. */
function bytes(name: string): Buffer {
  return Buffer.from(`${name}\0`);
}

function shown(name: Buffer): string {
  return name.toString('utf8', 0, name.length - 1);
}

/** Undefined when there is no directory of that name. */
function openDirAt(parent: number, name: Buffer, path: string): number | undefined {
  // A bind mount of the same file system has the same device number, but is still a mount point.
  const resolve = parent === AT_FDCWD ? 0 : RESOLVE_NO_XDEV;
  const fd = openPermitted(parent, name, resolve);
  if (fd >= 0) return fd;
  if (fd === -ERRNO.EXDEV) throw mounted(path);
  if (fd === -ERRNO.ENOENT || fd === -ERRNO.ENOTDIR || fd === -ERRNO.ELOOP) return undefined;
  throw new SyscallError('openat2', -fd, path);
}

/** Permissions do not bind root; any other owner of a directory can restore his own permissions. */
function openPermitted(parent: number, name: Buffer, resolve: number): number {
  const fd = tryOpenat2(parent, name, O_DIRECTORY | O_NOFOLLOW, resolve);
  if (process.geteuid!() === 0) return fd;
  if (fd >= 0) {
    if ((fstatSync(fd).mode & OWNER_ALL) !== OWNER_ALL) tryFchmod(fd, OWNER_ALL);
    return fd;
  }
  // Not done for a symbolic link, which fchmodat would follow; opening one gives a different error.
  if (fd !== -ERRNO.EACCES || tryFchmodat(parent, name, OWNER_ALL) < 0) return fd;
  return tryOpenat2(parent, name, O_DIRECTORY | O_NOFOLLOW, resolve);
}

/** Returns 0, or a negative errno if it is an expected result: not empty, or a directory. A missing entry is not an error. */
function unlink(parent: number, name: Buffer, flags: number, path: string): number {
  const result = tryUnlinkat(parent, name, flags);
  if (result === 0 || result === -ERRNO.ENOENT) return 0;
  if (result === -ERRNO.EBUSY) throw mounted(path);
  if (result === -ERRNO.EISDIR || result === -ERRNO.ENOTEMPTY) return result;
  throw new SyscallError('unlinkat', -result, path);
}

function mounted(path: string): PodError {
  const hint = 'unmount everything below it (see /proc/self/mountinfo), then run pod gc';
  return new PodError('state/io', `remove "${path}": something is mounted in it`, { hint });
}

function stillWritten(path: string): PodError {
  return new PodError('state/io', `remove "${path}": a process keeps creating files in it`);
}
