// fcntl(2), signal(7): signal-driven I/O.

import { O_NONBLOCK } from './constants.ts';
import { syscall } from './syscall.ts';

export const F_SETFL = 4;
export const F_SETOWN = 8;
export const O_ASYNC = 0x2000;

/** This process gets SIGIO when the socket becomes readable or is closed. Install the handler first. */
export function notifyBySignal(fd: number): void {
  syscall('fcntl', fd, F_SETOWN, process.pid);
  syscall('fcntl', fd, F_SETFL, O_NONBLOCK | O_ASYNC);
}
