import { closeSync } from 'node:fs';
import { errnoName, SyscallError } from '../../../linux/errno.ts';
import {
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  RESOLVE_BENEATH,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from '../../../linux/constants.ts';
import { bytePath, tryMkdirat, tryOpenat2 } from '../../../linux/file.ts';
import { printable } from '../tar/fault.ts';
import { splitPath } from './entry-path.ts';
import type { Faults } from './failure.ts';
import type { MadeFiles } from './made-files.ts';

const MAX_OPEN = 48;

export interface ParentEvents {
  /** Called when a directory was made that no entry has named so far. */
  readonly onImplicit: (path: string) => void;
  /** Called when part of the path is not a directory: if it is a whiteout of this layer, replaces it and returns true. */
  readonly replaceWhiteout: (path: string) => boolean;
}

/** Resolve the paths of directories as a process in the image would. */
const AS_ROOT: number = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
/** In a directory in use: enter no symbolic link on the path and no other mount. */
const ONE_MOUNT: number = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;

/**
 * The directories of a layer, opened below its root and nowhere else: symbolic links in a path resolve as if the layer were `/`
 * (RESOLVE_IN_ROOT), as for a process in the image. The kernel guarantees this even while the tree changes.
 */
export class ParentDirs implements Disposable {
  readonly #rootFd: number;
  readonly #faults: Faults;
  readonly #open = new Map<string, number>();
  readonly #stale: number[] = [];
  readonly #events: ParentEvents;
  /** For a directory in use: the directories made here. */
  readonly #made: MadeFiles | undefined;

  constructor(rootFd: number, faults: Faults, events: ParentEvents, made?: MadeFiles) {
    this.#made = made;
    this.#rootFd = rootFd;
    this.#faults = faults;
    this.#events = events;
  }

  /** A descriptor of the directory, owned by this object; the directory is made if it does not exist. */
  open(path: string): number {
    if (path === '') return this.#rootFd;
    this.#closeStale();
    const known = this.#open.get(path);
    if (known !== undefined) {
      // Moved to the end: the least recently used descriptor is closed first, never one of the two that a hard link is being made
      // with.
      this.#open.delete(path);
      this.#open.set(path, known);
      return known;
    }
    const fd = this.#tryOpen(path) ?? this.#create(path);
    this.#made?.check(fd, path);
    this.#keep(path, fd);
    return fd;
  }

  #keep(path: string, fd: number): void {
    if (this.#open.size >= MAX_OPEN) this.#closeOldest();
    this.#open.set(path, fd);
  }

  /** As `open`, but rejects a symbolic link anywhere in the path, for changes that must affect exactly this directory. */
  openStrict(path: string): number {
    const fd = this.open(path);
    if (path === '') return fd;
    const direct = tryOpenat2(
      this.#rootFd,
      bytePath(path),
      O_RDONLY | O_DIRECTORY,
      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
    );
    if (direct >= 0) {
      closeSync(direct);
      return fd;
    }
    if (errnoName(-direct) === 'ELOOP') throw this.#faults.hostile(`"${printable(path)}" leads through a symlink`);
    throw new SyscallError('openat2', -direct);
  }

  /** Takes over a directory that was just made. */
  adopt(parentFd: number, name: string, path: string): void {
    if (this.#made) this.#keep(path, this.#made.adoptDirectory(parentFd, name, path));
  }

  /**
   * Called when a name was replaced: descriptors found through it may belong to something else now. Descriptors in use are kept
   * until the next one is opened.
   */
  forget(): void {
    this.#stale.push(...this.#open.values());
    this.#open.clear();
  }

  #closeStale(): void {
    for (const fd of this.#stale.splice(0)) closeSync(fd);
  }

  [Symbol.dispose](): void {
    this.forget();
    this.#closeStale();
  }

  #tryOpen(path: string): number | undefined {
    const fd = tryOpenat2(this.#rootFd, bytePath(path), O_RDONLY | O_DIRECTORY, this.#made ? ONE_MOUNT : AS_ROOT);
    if (fd >= 0) return fd;
    const errno = errnoName(-fd);
    if (errno === 'ENOENT') return undefined;
    if (errno === 'ENOTDIR' && this.#events.replaceWhiteout(path)) return undefined;
    if (errno === 'ENOTDIR' || errno === 'ELOOP') throw this.#noDirectory(path, 'is not one');
    throw new SyscallError('openat2', -fd);
  }

  #create(path: string): number {
    const [parent, name] = splitPath(path);
    const parentFd = this.open(parent);
    const make = (): number => tryMkdirat(parentFd, bytePath(name), this.#made ? 0o700 : 0o755);
    const made = this.#made ? this.#made.make(make) : make();
    if (made === 0) this.#events.onImplicit(path);
    // EEXIST after ENOENT: a dangling symbolic link.
    else if (errnoName(-made) === 'EEXIST') throw this.#noDirectory(path, 'is a symlink that leads nowhere');
    else throw new SyscallError('mkdirat', -made);
    if (this.#made) return this.#made.adoptDirectory(parentFd, name, path);
    const fd = tryOpenat2(
      parentFd,
      bytePath(name),
      O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
    );
    if (fd < 0) throw new SyscallError('openat2', -fd);
    return fd;
  }

  #noDirectory(path: string, what: string): Error {
    const message = `"${printable(path)}" is used as a directory, and ${what}`;
    return this.#made ? this.#made.inTheWay(message) : this.#faults.hostile(message);
  }

  #closeOldest(): void {
    for (const [path, fd] of this.#open) {
      closeSync(fd);
      this.#open.delete(path);
      return;
    }
  }
}
