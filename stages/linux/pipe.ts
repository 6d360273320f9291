// pipe2(2)

import { readSync } from 'node:fs';
import { O_CLOEXEC } from './constants.ts';
import { Fd } from './fd.ts';
import { syscall } from './syscall.ts';

/** pipe(7): all that can be in one at a time. */
export const PIPE_BYTES: number = 64 * 1024;

/** The reading end, then the writing end; both close-on-exec. */
export function pipe(): [Fd, Fd] {
  const pair = new Int32Array(new ArrayBuffer(8));
  syscall('pipe2', new Uint8Array(pair.buffer), O_CLOEXEC);
  return [new Fd(pair[0]!), new Fd(pair[1]!)];
}

/** Reads from a pipe in non-blocking mode. Returns the number of bytes that are there now; 0 when there are none. */
export function readAvailable(fd: number, chunk: Uint8Array): number {
  try {
    return readSync(fd, chunk);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN') return 0;
    throw error;
  }
}
