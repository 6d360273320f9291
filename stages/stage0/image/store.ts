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
import { tryFlock } from '../../linux/file.ts';
import { PodError } from '../error.ts';

/** The directories of a store. All of it is 0700: an image may hold setuid programs no local user should reach. */
export interface Store {
  readonly dir: string;
  /** One directory a layer, by the hex digest of its uncompressed archive; all side by side, so that one idmapped mount serves all. */
  readonly layers: string;
  /** What a reference resolved to, by a hash of the reference. */
  readonly refs: string;
  /** What is to be known of a layer besides its files, by its name. */
  readonly notes: string;
  readonly locks: string;
  /** Being unpacked; each is locked by whoever is at it. */
  readonly tmp: string;
}

export function storeAt(dir: string): Store {
  return {
    dir,
    layers: `${dir}/layers`,
    refs: `${dir}/refs`,
    notes: `${dir}/notes`,
    locks: `${dir}/locks`,
    tmp: `${dir}/tmp`,
  };
}

export function createStore(dir: string): Store {
  const store = storeAt(dir);
  try {
    for (const path of [store.dir, store.layers, store.refs, store.notes, store.locks]) makeDirectories(path, 0o700);
    if (makeDirectories(store.tmp, 0o700)) spreadChildren(store.tmp);
  } catch (error) {
    throw storeFailure(`create the image store "${dir}"`, error);
  }
  return store;
}

export function storeFailure(what: string, error: unknown): PodError {
  return new PodError('state/io', `${what}: ${error instanceof Error ? error.message : String(error)}`, {
    cause: error,
  });
}

/** A directory below `tmp`, held by a lock as long as this lives; removed at the end unless it was published. */
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

  /** Makes it the layer of that digest in one step; another process that was faster is left its own. */
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
    // A sweep may come in between the two calls and take it for a leftover: then it is locked, or gone.
    return openLocked(path);
  } catch (error) {
    throw storeFailure(`make "${path}"`, error);
  }
}

/** Undefined when somebody else has the lock, or had it and removed the directory; what fails leaves neither directory nor descriptor. */
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

/** Replaces a file of the store in one step: readers see the old or the new one. What a kill leaves is swept as a half-unpacked layer is. */
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

/** An exclusive lock between processes; the file goes when it is given back. */
export class StoreLock implements Disposable {
  readonly #path: string;
  readonly #fd: number;

  private constructor(path: string, fd: number) {
    this.#path = path;
    this.#fd = fd;
  }

  /** Waits as long as another process holds it. Polls: a blocking flock would stop this process or hold a thread of its pool. */
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

/** A descriptor that holds the lock; undefined while another process has it. */
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

/** False when the holder before us removed the file we had opened already: our lock would protect nothing. */
function isSameFile(fd: number, path: string): boolean {
  const named = statSync(path, { throwIfNoEntry: false });
  return named !== undefined && named.ino === fstatSync(fd).ino;
}

/** Removes what killed unpackings left behind; what is being worked at is locked and stays. Returns the removed paths. */
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

function listDir(path: string): string[] {
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
    // Its owner was faster.
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
