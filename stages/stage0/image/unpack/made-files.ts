import { type BigIntStats, fstatSync } from 'node:fs';
import {
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from '../../../linux/constants.ts';
import { readEntries } from '../../../linux/directory.ts';
import { Fd } from '../../../linux/fd.ts';
import { makeAs } from '../../../linux/fs-ids.ts';
import { bytePath, readlinkFd, tryOpenat2 } from '../../../linux/file.ts';
import { PodError } from '../../error.ts';
import { printable } from '../tar/fault.ts';

const ONE_COMPONENT = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;

export interface LiveTarget {
  /** The id of root there. */
  readonly owner: number;
  /** The name of the target, as the user gave it. */
  readonly target: string;
}

/**
 * Files made in a directory that others may change at the same time. mkdirat(2) and symlinkat(2) return no descriptor, so a moment
 * later the name may lead to another file, which must not get an owner or a mode. A file counts as ours when it is as new as one we
 * would make, and belongs to root there: whoever can make such a file is that root, and may do anything there.
 */
export class MadeFiles {
  readonly #target: string;
  readonly #directories = new Map<string, string>();
  readonly #identities = new Set<string>();

  readonly #owner: number;

  constructor({ owner, target }: LiveTarget) {
    this.#target = target;
    this.#owner = owner;
  }

  /**
   * Makes files as root of the user namespace from the start: a file system that maps owners accepts no other, and that root can
   * remove what an interrupted copy leaves.
   */
  make(create: () => number): number {
    return this.#owner === 0 ? create() : makeAs(this.#owner, create);
  }

  /** Takes over a directory that was just made with mode 0700. */
  adoptDirectory(parentFd: number, name: string, path: string): number {
    using found = this.#open(parentFd, name, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    const { uid, mode } = fstatSync(found.number);
    const isNew = this.#isOwner(uid) && (mode & 0o077) === 0 && isEmpty(found.number);
    if (!isNew) throw this.#replaced(path);
    const identity = identityOf(statOf(found.number));
    this.#directories.set(path, identity);
    this.#identities.add(identity);
    return found.take();
  }

  /** An O_PATH descriptor of a symbolic link that was just made. */
  openSymlink(parentFd: number, name: string, path: string, linkPath: string): Fd {
    using found = this.#open(parentFd, name, path, O_PATH | O_NOFOLLOW);
    const stat = fstatSync(found.number);
    const isOurs = stat.isSymbolicLink() && this.#isOwner(stat.uid) && readlinkFd(found.number) === linkPath;
    if (!isOurs) throw this.#replaced(path);
    return new Fd(found.take());
  }

  /** Whether a directory that was found is one of those made here. */
  hasMade(stat: BigIntStats): boolean {
    return this.#identities.has(identityOf(stat));
  }

  /** Checks that a directory made here still has this name. */
  check(fd: number, path: string): void {
    const made = this.#directories.get(path);
    if (made === undefined || made === identityOf(statOf(fd))) return;
    new Fd(fd)[Symbol.dispose]();
    throw this.#replaced(path);
  }

  /** The error for an existing file of the wrong kind. */
  inTheWay(what: string): PodError {
    return this.#refused(what, 'remove the existing file first, or copy to another place');
  }

  #isOwner(uid: number): boolean {
    return uid === (this.#owner || process.geteuid!());
  }

  #open(parentFd: number, name: string, path: string, flags: number): Fd {
    const fd = tryOpenat2(parentFd, bytePath(name), flags, ONE_COMPONENT);
    if (fd < 0) throw this.#replaced(path);
    return new Fd(fd);
  }

  #refused(what: string, hint: string): PodError {
    return new PodError('host/refused', `copy to "${this.#target}": ${what}`, { hint });
  }

  #replaced(path: string): PodError {
    return this.#refused(
      `"${printable(path)}" was replaced meanwhile`,
      'another process changes the directory during the copy',
    );
  }
}

function isEmpty(directory: number): boolean {
  return readEntries(directory).next().done === true;
}

function statOf(fd: number): BigIntStats {
  return fstatSync(fd, { bigint: true });
}

/** An inode number may be reused, by a file with a later birth time. */
function identityOf({ dev, ino, birthtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${birthtimeNs}`;
}
