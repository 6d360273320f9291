// pipe2(2)

import { O_CLOEXEC } from './constants.ts';
import { Fd } from './fd.ts';
import { syscall } from './syscall.ts';

/** The reading end, then the writing end; both close-on-exec. */
export function pipe(): [Fd, Fd] {
  const pair = new Int32Array(new ArrayBuffer(8));
  syscall('pipe2', new Uint8Array(pair.buffer), O_CLOEXEC);
  return [new Fd(pair[0]!), new Fd(pair[1]!)];
}
