// mkdir(2), rename(2)

import { fstatSync, lstatSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { AT_FDCWD, O_DIRECTORY, O_NOFOLLOW, O_RDONLY } from '../../linux/constants.ts';
import { Fd } from '../../linux/fd.ts';
import { openat2 } from '../../linux/file.ts';
import { fileFailure } from '../copy/faults.ts';
import { PodError } from '../error.ts';
import { removeTree } from '../pod/remove-tree.ts';

const OWN_DIRECTORY = 'name a directory in one that nobody else writes to';

/**
 * A directory that has its name when it is complete. Until then it is a hidden one beside it, its owner's only, and is removed
 * unless it was published.
 */
export class NewTree implements Disposable {
  readonly fd: Fd;
  readonly #path: string;
  readonly #partial: string;
  #isPublished = false;

  /** `path` is absolute; nothing is there, or an empty directory. */
  constructor(path: string) {
    this.#path = path;
    requireFree(path);
    this.#partial = `${dirname(path)}/.${basename(path)}.${process.pid}.partial`;
    try {
      mkdirSync(this.#partial, { mode: 0o700 });
      this.fd = new Fd(openat2(AT_FDCWD, this.#partial, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0));
    } catch (error) {
      throw fileFailure(error, `make "${path}"`);
    }
  }

  /** The kernel replaces an empty directory, and nothing else. */
  publish(): void {
    if (!this.#isOurs()) throw taken(this.#path, 'another process has replaced it meanwhile', OWN_DIRECTORY);
    try {
      renameSync(this.#partial, this.#path);
      this.#isPublished = true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EBUSY') throw taken(this.#path, 'it is a mount point', 'name a new directory in it');
      if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR')
        throw taken(this.#path, 'something has been put there meanwhile', OWN_DIRECTORY);
      throw fileFailure(error, `make "${this.#path}"`);
    }
  }

  [Symbol.dispose](): void {
    // In a directory of somebody else's, another may have the name by now.
    if (!this.#isPublished && this.#isOurs()) removeTree(this.#partial);
    this.fd[Symbol.dispose]();
  }

  #isOurs(): boolean {
    const named = lstatSync(this.#partial, { throwIfNoEntry: false });
    const { dev, ino } = fstatSync(this.fd.number);
    return named?.dev === dev && named.ino === ino;
  }
}

function requireFree(path: string): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return;
  const hint = 'name a directory that does not exist, or an empty one';
  if (!stat.isDirectory()) throw taken(path, 'it exists, and is not a directory', hint);
  if (readdirSync(path).length > 0) throw taken(path, 'it is not empty', hint);
}

function taken(path: string, what: string, hint: string): PodError {
  return new PodError('host/refused', `make "${path}": ${what}`, { hint });
}
