// open(2): O_TMPFILE; linkat(2), rename(2)

import { randomBytes } from 'node:crypto';
import {
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_TMPFILE,
  O_WRONLY,
  RESOLVE_BENEATH,
  RESOLVE_NO_SYMLINKS,
} from '../../../linux/constants.ts';
import { ERRNO, SyscallError } from '../../../linux/errno.ts';
import { bytePath, tryLinkOpenFileAt, tryOpenat2, tryRenameat, tryUnlinkat } from '../../../linux/file.ts';
import { requireReplaceable } from './clash.ts';
import type { MadeFiles } from './made-files.ts';

const ONE_COMPONENT = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;
const ONLY_OWNER = 0o600;

export interface FilePlace {
  readonly dirFd: number;
  readonly name: string;
  /** For a person. */
  readonly path: string;
}

/**
 * A file of a directory in use, which has its name once it is whole: whoever looks there sees what was there before, or all of the
 * new one. When it does not come to that it is gone, also when this process is killed; where the file system has no files without a
 * name, only the latter leaves one, under a name of its own.
 */
export class LiveFile implements Disposable {
  readonly #place: FilePlace;
  readonly #made: MadeFiles;
  #fd = -1;
  /** What it is called until it is whole. */
  #partial: Buffer | undefined;

  constructor(place: FilePlace, made: MadeFiles) {
    this.#place = place;
    this.#made = made;
  }

  /** A new descriptor to write to, which is the caller's. */
  open(): number {
    // What it cannot replace is to be known before all of it is written.
    this.#requireReplaceable();
    const { dirFd } = this.#place;
    this.#fd = this.#made.make(() => tryOpenat2(dirFd, '.', O_TMPFILE | O_WRONLY, ONE_COMPONENT, ONLY_OWNER));
    // Whatever it was: of a directory that was removed ext4 says EPERM here, and there what everybody knows.
    if (this.#fd < 0) {
      const partial = partialName();
      const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
      this.#fd = this.#made.make(() => tryOpenat2(dirFd, partial, flags, ONE_COMPONENT, ONLY_OWNER));
      if (this.#fd >= 0) this.#partial = partial;
    }
    if (this.#fd < 0) throw new SyscallError('openat2', -this.#fd);
    return this.#fd;
  }

  /** Under its name, in the place of a file or symlink that has it; the descriptor is still open. */
  appear(): void {
    const name = bytePath(this.#place.name);
    if (!this.#partial) {
      const linked = this.#link(name);
      if (linked === 0) return;
      if (linked !== -ERRNO.EEXIST) throw new SyscallError('linkat', -linked);
    }
    this.#requireReplaceable();
    this.#partial ??= this.#linkBeside();
    const renamed = this.#made.make(() => tryRenameat(this.#place.dirFd, this.#partial!, name));
    if (renamed < 0) throw new SyscallError('renameat2', -renamed);
    this.#partial = undefined;
  }

  [Symbol.dispose](): void {
    // Another error is on its way, and a directory that has gone took the name with it.
    if (this.#partial) tryUnlinkat(this.#place.dirFd, this.#partial);
    this.#partial = undefined;
  }

  #linkBeside(): Buffer {
    const partial = partialName();
    const linked = this.#link(partial);
    if (linked < 0) throw new SyscallError('linkat', -linked);
    return partial;
  }

  /** A file system of a user namespace takes a name, too, from root there only. */
  #link(name: Buffer): number {
    return this.#made.make(() => tryLinkOpenFileAt(this.#fd, this.#place.dirFd, name));
  }

  #requireReplaceable(): void {
    const { dirFd, name, path } = this.#place;
    requireReplaceable(dirFd, name, path, 'file', this.#made);
  }
}

function partialName(): Buffer {
  return bytePath(`.pod-cp-${randomBytes(8).toString('hex')}`);
}
