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
  /** The number of root there. */
  readonly owner: number;
  /** What the person calls it. */
  readonly target: string;
}

/**
 * What was made in a directory that others change meanwhile. mkdirat(2) and symlinkat(2) give no descriptor: what the name
 * leads to a moment later may be another's, which an owner and a mode must not be given to. It is ours when it is as new as
 * one that was made by us, for the root there: who can make such a one is that root, and may do with all there what he likes.
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
   * For the root there from the start: a file system that maps owners takes no other, and what is left of a copy that was
   * interrupted can be removed by it.
   */
  make(create: () => number): number {
    return this.#owner === 0 ? create() : makeAs(this.#owner, create);
  }

  /** Of one that was just made with the mode 0700. */
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

  /** An O_PATH descriptor of one that was just made. */
  openSymlink(parentFd: number, name: string, path: string, linkPath: string): Fd {
    using found = this.#open(parentFd, name, path, O_PATH | O_NOFOLLOW);
    const stat = fstatSync(found.number);
    const isOurs = stat.isSymbolicLink() && this.#isOwner(stat.uid) && readlinkFd(found.number) === linkPath;
    if (!isOurs) throw this.#replaced(path);
    return new Fd(found.take());
  }

  /** Whether a directory that was met somewhere is one that was made here. */
  hasMade(stat: BigIntStats): boolean {
    return this.#identities.has(identityOf(stat));
  }

  /** A directory that was made here is still the one of that name. */
  check(fd: number, path: string): void {
    const made = this.#directories.get(path);
    if (made === undefined || made === identityOf(statOf(fd))) return;
    new Fd(fd)[Symbol.dispose]();
    throw this.#replaced(path);
  }

  /** What is there already is not what it would have to be. */
  inTheWay(what: string): PodError {
    return this.#refused(what, 'remove what is there first, or copy to another place');
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
      'something changes the directory while it is copied to',
    );
  }
}

function isEmpty(directory: number): boolean {
  return readEntries(directory).next().done === true;
}

function statOf(fd: number): BigIntStats {
  return fstatSync(fd, { bigint: true });
}

/** An inode's number may be used again, by one that was born later. */
function identityOf({ dev, ino, birthtimeNs }: BigIntStats): string {
  return `${dev}:${ino}:${birthtimeNs}`;
}
