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
  /** A directory was made that no entry has named so far. */
  readonly onImplicit: (path: string) => void;
  /** Something in the path is no directory: if it is a whiteout of this layer, it gives way, and the answer is true. */
  readonly replaceWhiteout: (path: string) => boolean;
}

/** How the kernel is to resolve the paths of directories: as a process in the image would see them. */
const AS_ROOT: number = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
/** In a directory in use no symlink on the way and no other mount is entered. */
const ONE_MOUNT: number = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;

/**
 * The directories of a layer, opened below its root and nowhere else: symlinks in a path resolve as if the layer were `/`
 * (RESOLVE_IN_ROOT), as a process in the image would see them. The kernel guarantees it, also while the tree changes.
 */
export class ParentDirs implements Disposable {
  readonly #rootFd: number;
  readonly #faults: Faults;
  readonly #open = new Map<string, number>();
  readonly #stale: number[] = [];
  readonly #events: ParentEvents;
  /** In a directory in use: which directories were made here. */
  readonly #made: MadeFiles | undefined;

  constructor(rootFd: number, faults: Faults, events: ParentEvents, made?: MadeFiles) {
    this.#made = made;
    this.#rootFd = rootFd;
    this.#faults = faults;
    this.#events = events;
  }

  /** A descriptor of the directory, which stays this object's; made when it is not there. */
  open(path: string): number {
    if (path === '') return this.#rootFd;
    this.#closeStale();
    const known = this.#open.get(path);
    if (known !== undefined) {
      // Moved to the end: the one used least recently is closed first, never one of the two a hard link is working with.
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

  /** As `open`, but a symlink anywhere in the path is refused: what is done to this directory must be done to this very one. */
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

  /** A directory that was made a moment ago. */
  adopt(parentFd: number, name: string, path: string): void {
    if (this.#made) this.#keep(path, this.#made.adoptDirectory(parentFd, name, path));
  }

  /** A name changed its meaning: descriptors found through it may be of something else now. Those at work stay until the next is opened. */
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
    // EEXIST after ENOENT: a symlink to nowhere.
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
