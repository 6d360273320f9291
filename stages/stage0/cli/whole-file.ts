// open(2): O_TMPFILE; rename(2)

import { closeSync, openSync, renameSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { O_TMPFILE, O_WRONLY } from '../../linux/constants.ts';
import { linkOpenFile } from '../../linux/file.ts';

/**
 * The file is there in one piece or not at all: until all is written it has no name, so that nothing is left of one that was
 * interrupted. It is its owner's only.
 */
export class WholeFile implements Disposable {
  readonly fd: number;
  readonly #path: string;
  readonly #partial: string;
  #isNamed: boolean;

  constructor(path: string) {
    this.#path = path;
    this.#partial = `${dirname(path)}/.${process.pid}.partial`;
    const { fd, isNamed } = openPartial(this.#partial);
    this.fd = fd;
    this.#isNamed = isNamed;
  }

  /** Gives it its name; another of that name is replaced. */
  appear(): void {
    if (!this.#isNamed) linkOpenFile(this.fd, this.#partial);
    this.#isNamed = true;
    renameSync(this.#partial, this.#path);
    this.#isNamed = false;
  }

  [Symbol.dispose](): void {
    if (this.#isNamed) unlinkSync(this.#partial);
    closeSync(this.fd);
  }
}

export function writeWholeFile(path: string, write: (fd: number) => void): void {
  using file = new WholeFile(path);
  write(file.fd);
  file.appear();
}

function openPartial(partial: string): { readonly fd: number; readonly isNamed: boolean } {
  try {
    return { fd: openSync(dirname(partial), O_TMPFILE | O_WRONLY, 0o600), isNamed: false };
  } catch (error) {
    // Not every file system has files without names: NFS has not.
    if ((error as NodeJS.ErrnoException).code !== 'EOPNOTSUPP') throw error;
    return { fd: openSync(partial, 'wx', 0o600), isNamed: true };
  }
}
