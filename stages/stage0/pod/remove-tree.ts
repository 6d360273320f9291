// openat(2), unlinkat(2), renameat(2) by way of /proc/self/fd/N/NAME: one name below a descriptor, no path a pod could bend.

import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  openSync,
  opendirSync,
  renameSync,
  rmdirSync,
  unlinkSync,
} from 'node:fs';
import { PodError } from '../error.ts';

const OPEN_DIR = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** Directories waiting to be emptied have this prefix in the top directory; a later call finds what a killed one left. */
const MOVED_PREFIX = '.remove-';

/** How often a directory may have new entries after it was emptied before we say that something still writes there. */
const MAX_REFILLS = 100;

/**
 * Deletes the directory `path` and all below it; `last` names files in it that go after everything else. A tree a pod wrote is
 * hostile: symbolic links are never followed, and as each directory is moved to the top before it is emptied, neither depth
 * nor length of paths matters. A mount point cannot be moved, so nothing behind one is ever touched.
 */
export function removeTree(path: string, last: readonly string[] = []): void {
  const fd = openDir(path);
  if (fd === undefined) return;
  try {
    const removal = new Removal(fd, path);
    while (!removal.pass(last));
    for (const name of last) removeFile(below(fd, Buffer.from(name)));
  } finally {
    closeSync(fd);
  }
  removeDir(path);
}

class Removal {
  readonly #top: number;
  readonly #path: string;
  readonly #device: number;
  #nextNumber = 0;
  #nextEmptied = 0;
  #refills = 0;

  constructor(top: number, path: string) {
    this.#top = top;
    this.#path = path;
    this.#device = fstatSync(top).dev;
  }

  /** Goes over the top directory once; true when it found nothing but `kept`. */
  pass(kept: readonly string[]): boolean {
    let isEmpty = true;
    for (const { name, isDir } of entries(this.#top)) {
      if (kept.includes(name.toString())) continue;
      isEmpty = false;
      const path = below(this.#top, name);
      if (isDir) this.#removeDir(path, name);
      else removeFile(path);
    }
    this.#emptyMoved();
    return isEmpty;
  }

  /** Those moved here meanwhile have known names, which saves reading the top directory once a level. */
  #emptyMoved(): void {
    while (this.#nextEmptied < this.#nextNumber) {
      const name = Buffer.from(`${MOVED_PREFIX}${this.#nextEmptied++}`);
      this.#removeDir(below(this.#top, name), name);
    }
  }

  #removeDir(path: Buffer, name: Buffer): void {
    const shown = `${this.#path}/${name.toString()}`;
    const fd = openDir(path);
    // Not a directory: a number that was taken, see below.
    if (fd === undefined) return;
    try {
      if (fstatSync(fd).dev !== this.#device) throw mounted(shown);
      for (const entry of entries(fd)) {
        const child = below(fd, entry.name);
        if (entry.isDir) this.#moveToTop(child, shown);
        else removeFile(child);
      }
    } finally {
      closeSync(fd);
    }
    if (!removeDir(path) && ++this.#refills > MAX_REFILLS) throw stillWritten(shown);
  }

  #moveToTop(child: Buffer, shown: string): void {
    for (;;) {
      try {
        return renameSync(child, below(this.#top, Buffer.from(`${MOVED_PREFIX}${this.#nextNumber++}`)));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === 'EBUSY' || code === 'EXDEV') throw mounted(shown);
        // The number is taken by what an earlier, killed removal had moved.
        if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOTDIR') throw error;
      }
    }
  }
}

/** Names are bytes: a pod's files need not be called anything that is UTF-8. */
function below(fd: number, name: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${fd}/`), name]);
}

/** One at a time: a directory of a million entries must not become an array. */
function* entries(fd: number): Generator<{ name: Buffer; isDir: boolean }> {
  const dir = opendirSync(`/proc/self/fd/${fd}`, { encoding: 'buffer' as BufferEncoding, bufferSize: 256 });
  try {
    for (let entry = dir.readSync(); entry; entry = dir.readSync()) {
      yield { name: (entry as unknown as Dirent<Buffer>).name, isDir: entry.isDirectory() };
    }
  } finally {
    dir.closeSync();
  }
}

function openDir(path: string | Buffer): number | undefined {
  try {
    return openSync(path, OPEN_DIR);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}

function removeFile(path: Buffer): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** False when the directory is not empty. */
function removeDir(path: string | Buffer): boolean {
  try {
    rmdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY') return false;
    if (code === 'EBUSY') throw mounted(path.toString());
    if (code !== 'ENOENT') throw error;
  }
  return true;
}

function mounted(path: string): PodError {
  const hint = 'see /proc/self/mountinfo for what is mounted below, umount it, then run pod gc';
  return new PodError('state/io', `remove "${path}": something is mounted in it`, { hint });
}

function stillWritten(path: string): PodError {
  return new PodError('state/io', `remove "${path}": some process keeps making files in it`);
}
