import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { makeDirectories, spreadChildren } from '../../linux/directory.ts';
import { ERRNO } from '../../linux/errno.ts';
import { LOCK_EX } from '../../linux/constants.ts';
import { tryFlock } from '../../linux/flock.ts';
import { denialHint, PodError } from '../error.ts';

/** The directories of a store. All are 0700: an image may contain setuid programs that local users must not reach. */
export interface Store {
  readonly dir: string;
  /**
   * One directory for each layer, named by the hex digest of its uncompressed archive; all in one directory, so that one idmapped
   * mount serves them all.
   */
  readonly layers: string;
  /** What references resolved to, named by a hash of the reference. */
  readonly refs: string;
  /** What the images of references say about themselves, named as the references are. */
  readonly documents: string;
  /** Facts about layers besides their files, by layer name. */
  readonly notes: string;
  readonly locks: string;
  /** Layers being unpacked; each is locked by its process. */
  readonly tmp: string;
}

export function storeAt(dir: string): Store {
  return {
    dir,
    layers: `${dir}/layers`,
    refs: `${dir}/refs`,
    documents: `${dir}/documents`,
    notes: `${dir}/notes`,
    locks: `${dir}/locks`,
    tmp: `${dir}/tmp`,
  };
}

export function createStore(dir: string): Store {
  const store = storeAt(dir);
  try {
    for (const path of [store.dir, store.layers, store.refs, store.documents, store.notes, store.locks])
      makeDirectories(path, 0o700);
    if (makeDirectories(store.tmp, 0o700)) spreadChildren(store.tmp);
  } catch (error) {
    throw storeFailure(`create the image store "${dir}"`, error);
  }
  return store;
}

export function storeFailure(what: string, error: unknown): PodError {
  return new PodError('state/io', `${what}: ${error instanceof Error ? error.message : String(error)}`, {
    hint: denialHint(error),
    cause: error,
  });
}

/** A directory below `tmp`, locked while this object lives and removed at the end unless it was published. */
export class TempDir implements Disposable {
  readonly path: string;
  readonly fd: number;
  #published = false;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.fd = fd;
  }

  static create(store: Store): TempDir {
    for (;;) {
      const path = `${store.tmp}/${process.pid}-${Math.random().toString(36).slice(2, 12)}`;
      const fd = makeLocked(path);
      if (fd !== undefined) return new TempDir(path, fd);
    }
  }

  /** Publishes it as the layer of that digest, atomically; if another process was faster, its layer is kept. */
  publish(target: string): void {
    try {
      renameSync(this.path, target);
      this.#published = true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw storeFailure(`publish "${target}"`, error);
    }
  }

  [Symbol.dispose](): void {
    if (!this.#published) rmSync(this.path, { recursive: true, force: true });
    closeSync(this.fd);
  }
}

function makeLocked(path: string): number | undefined {
  try {
    mkdirSync(path, { mode: 0o700 });
    // A sweep may come between the two calls and take the directory for a leftover: then it is locked, or gone.
    return openLocked(path);
  } catch (error) {
    throw storeFailure(`make "${path}"`, error);
  }
}

/** Undefined when another process holds the lock, or has removed the directory. On failure, no directory or descriptor is left. */
function openLocked(path: string): number | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'r');
    if (tryFlock(fd, LOCK_EX) && fstatSync(fd).nlink > 0) return fd;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
      if (fd !== undefined) closeSync(fd);
      rmSync(path, { recursive: true, force: true });
      throw error;
    }
  }
  if (fd !== undefined) closeSync(fd);
  return undefined;
}

/**
 * Replaces a file of the store atomically: readers see the old or the new one. A leftover of a killed process is swept like a
 * half-unpacked layer.
 */
export function replaceFile(store: Store, path: string, text: string): void {
  try {
    using temp = TempDir.create(store);
    const draft = `${temp.path}/file`;
    writeFileSync(draft, text, { mode: 0o600 });
    renameSync(draft, path);
  } catch (error) {
    throw storeFailure(`write "${path}"`, error);
  }
}

/** An exclusive lock between processes; its file is removed on release. */
export class StoreLock implements Disposable {
  readonly #path: string;
  readonly #fd: number;

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /**
   * Waits while another process holds the lock. Polls, because a blocking flock would stop this process or occupy a thread of its
   * pool.
   */
  static async acquire(store: Store, name: string, signal?: AbortSignal): Promise<StoreLock> {
    const path = `${store.locks}/${name}`;
    for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 100)) {
      signal?.throwIfAborted();
      const fd = lockFile(path);
      if (fd !== undefined) return new StoreLock(path, fd);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  [Symbol.dispose](): void {
    try {
      unlinkSync(this.#path);
    } finally {
      closeSync(this.#fd);
    }
  }
}

/** A descriptor that holds the lock; undefined while another process holds it. */
function lockFile(path: string): number | undefined {
  let fd: number | undefined;
  try {
    fd = openSync(path, 'a', 0o600);
    if (tryFlock(fd, LOCK_EX) && isSameFile(fd, path)) return fd;
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    throw storeFailure(`lock "${path}"`, error);
  }
  closeSync(fd);
  return undefined;
}

/** False when the previous holder removed the file after we opened it: our lock would protect nothing. */
function isSameFile(fd: number, path: string): boolean {
  const named = statSync(path, { throwIfNoEntry: false });
  return named !== undefined && named.ino === fstatSync(fd).ino;
}

/** Removes what killed unpackings left; directories in use are locked and kept. Returns the removed paths. */
export function sweepStore(storeDir: string): string[] {
  const store = storeAt(storeDir);
  const removed: string[] = [];
  for (const parent of [store.tmp, store.locks]) {
    for (const name of listDir(parent)) {
      const path = `${parent}/${name}`;
      if (removeUnlocked(path)) removed.push(path);
    }
  }
  return removed;
}

/** Of a directory of a store, which may not have it yet. */
export function listDir(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw storeFailure(`list "${path}"`, error);
  }
}

function removeUnlocked(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    // Its owner removed it first.
    if ((error as NodeJS.ErrnoException).errno === -ERRNO.ENOENT) return false;
    throw storeFailure(`open "${path}"`, error);
  }
  try {
    if (!tryFlock(fd, LOCK_EX) || !isSameFile(fd, path)) return false;
    rmSync(path, { recursive: true, force: true });
    return true;
  } finally {
    closeSync(fd);
  }
}
