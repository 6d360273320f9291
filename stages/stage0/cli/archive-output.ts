import { writeFailure } from '../copy/faults.ts';
import { STDOUT, writeAll } from './terminal.ts';

/** Takes the bytes of an archive. What fails here is told of the place they go to, not of what is read meanwhile. */
export function archiveOutput(fd: number, name: string): (bytes: Uint8Array) => void {
  return (bytes) => {
    try {
      writeAll(fd, bytes);
    } catch (error) {
      throw writeFailure(error, `write ${name}`);
    }
  };
}

export function archiveToStdout(): (bytes: Uint8Array) => void {
  return (bytes) => writeAll(STDOUT, bytes);
}
