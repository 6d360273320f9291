import { lstatSync, rmSync } from 'node:fs';
import { writeOut } from './write-out.ts';

/** Where the uuid is written for others, if anywhere. */
export class IdFile {
  readonly #path: string | undefined;
  #isWritten = false;

  constructor(path: string | undefined) {
    this.#path = path;
  }

  write(uuid: string): void {
    if (this.#path === undefined) return;
    this.#isWritten = true;
    writeOut({ path: this.#path, text: `${uuid}\n`, what: 'the uuid' });
  }

  /** Of a pod that there is no more. Only what is a file: it may have been written to a terminal or a pipe. */
  remove(): void {
    if (this.#path === undefined || !this.#isWritten) return;
    if (lstatSync(this.#path, { throwIfNoEntry: false })?.isFile()) rmSync(this.#path, { force: true });
  }
}
