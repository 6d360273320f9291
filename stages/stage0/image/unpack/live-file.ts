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
  /** The path shown to the user. */
  readonly path: string;
}

/**
 * A file in a directory in use. It gets its name when it is complete, so readers see the old file or all of the new one. If it is
 * not completed, it is removed, even if this process is killed. Only on a file system without unnamed files does a killed process
 * leave a file, under a temporary name.
 */
export class LiveFile implements Disposable {
  readonly #place: FilePlace;
  readonly #made: MadeFiles;
  #fd = -1;
  /** Its temporary name until it is complete. */
  #partial: Buffer | undefined;

  constructor(place: FilePlace, made: MadeFiles) {
    this.#place = place;
    this.#made = made;
  }

  /** Returns a new descriptor for writing, owned by the caller. */
  open(): number {
    // Fails early if the existing name cannot be replaced.
    this.#requireReplaceable();
    const { dirFd } = this.#place;
    this.#fd = this.#made.make(() => tryOpenat2(dirFd, '.', O_TMPFILE | O_WRONLY, ONE_COMPONENT, ONLY_OWNER));
    // Whatever the error was, tries a named file: for a removed directory ext4 gives EPERM above, but the usual error here.
    if (this.#fd < 0) {
      const partial = partialName();
      const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
      this.#fd = this.#made.make(() => tryOpenat2(dirFd, partial, flags, ONE_COMPONENT, ONLY_OWNER));
      if (this.#fd >= 0) this.#partial = partial;
    }
    if (this.#fd < 0) throw new SyscallError('openat2', -this.#fd);
    return this.#fd;
  }

  /** Gives the file its name and replaces a file or link of that name; the descriptor is still open. */
  appear(): void {
    const name = bytePath(this.#place.name);
    if (!this.#partial) {
      const linked = this.#link(name);
      if (linked === 0) return;
      if (linked !== -ERRNO.EEXIST) throw new SyscallError('linkat', -linked);
    }
    this.#requireReplaceable();
    this.#partial ??= this.#linkBeside();
    const renamed = this.#made.make(() => tryRenameat(this.#place.dirFd, this.#partial!, this.#place.dirFd, name));
    if (renamed < 0) throw new SyscallError('renameat2', -renamed);
    this.#partial = undefined;
  }

  [Symbol.dispose](): void {
    // A failure is ignored: another error is already being handled, and if the directory is gone, so is the name.
    if (this.#partial) tryUnlinkat(this.#place.dirFd, this.#partial);
    this.#partial = undefined;
  }

  #linkBeside(): Buffer {
    const partial = partialName();
    const linked = this.#link(partial);
    if (linked < 0) throw new SyscallError('linkat', -linked);
    return partial;
  }

  /** A file system of a user namespace accepts even names only from its root. */
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
