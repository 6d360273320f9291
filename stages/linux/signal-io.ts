// fcntl(2), signal(7): signal-driven input and output.

import { O_NONBLOCK } from './constants.ts';
import { syscall } from './syscall.ts';

export const F_SETFL = 4;
export const F_SETOWN = 8;
export const O_ASYNC = 0x2000;

/** From now on this process gets SIGIO when the socket has something to read or is closed. Install the handler first. */
export function notifyBySignal(fd: number): void {
  syscall('fcntl', fd, F_SETOWN, process.pid);
  syscall('fcntl', fd, F_SETFL, O_NONBLOCK | O_ASYNC);
}
