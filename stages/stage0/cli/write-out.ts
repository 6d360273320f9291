import { lstatSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { PodError } from '../error.ts';

export interface OutFile {
  readonly path: string;
  readonly text: string;
  /** As an error calls it. */
  readonly what: string;
  /** Of a file that is made. */
  readonly mode?: number;
}

/**
 * Writes to a path that somebody gave. Who waits for the file to be there finds the whole text in it. What is there already, a
 * pipe, a device, or a link perhaps, is written to and stays what it is.
 */
export function writeOut({ path, text, what, mode = 0o666 }: OutFile): void {
  const draft = `${path}.${process.pid}.${Date.now()}`;
  try {
    if (lstatSync(path, { throwIfNoEntry: false })) return writeFileSync(path, text);
    // `wx`: in a folder that is everybody's, somebody may have laid a link under that name.
    writeFileSync(draft, text, { mode, flag: 'wx' });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new PodError('state/io', `write ${what} to "${path}": ${(error as Error).message}`, { cause: error });
  }
}
