// ioctl_tty(2), pts(4)

import { O_CLOEXEC, O_NOCTTY, O_RDWR } from './constants.ts';
import { Fd } from './fd.ts';
import { syscall } from './syscall.ts';

/** asm-generic/ioctls.h */
const TIOCGPTPEER = 0x5441;
const TIOCSPTLCK = 0x40045431;
const TIOCSWINSZ = 0x5414;

/** Unlocks and opens the other end of a pseudo-terminal, without its name: close-on-exec, nobody's controlling terminal. */
export function openSlave(master: number): Fd {
  syscall('ioctl', master, TIOCSPTLCK, new Uint8Array(4));
  return new Fd(syscall('ioctl', master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
}

/** Sets the size, in characters, that programs on the terminal see; they get SIGWINCH when it changes. */
export function setWindowSize(terminal: number, columns: number, rows: number): void {
  // struct winsize: the last two members are unused.
  syscall('ioctl', terminal, TIOCSWINSZ, new Uint8Array(new Uint16Array([rows, columns, 0, 0]).buffer));
}
