// flock(2): locks of an open file description, which last until its last descriptor is closed.

import { LOCK_NB } from './constants.ts';
import { ERRNO, SyscallError } from './errno.ts';
import { trySyscall } from './syscall.ts';

/** LOCK_SH, LOCK_EX or LOCK_UN; waits while another lock excludes this one. `path`: of the file, for the error. */
export function flock(fd: number, operation: number, path = ''): void {
  const result = lockAgain(fd, operation);
  if (result < 0) throw new SyscallError('flock', -result, path);
}

/** As `flock`, without waiting: false when another lock excludes this one. */
export function tryFlock(fd: number, operation: number, path = ''): boolean {
  const result = lockAgain(fd, operation | LOCK_NB);
  if (result === -ERRNO.EAGAIN) return false;
  if (result < 0) throw new SyscallError('flock', -result, path);
  return true;
}

/** Returns 0, or minus the errno. */
function lockAgain(fd: number, operation: number): number {
  for (;;) {
    const result = trySyscall('flock', fd, operation);
    if (result !== -ERRNO.EINTR) return result;
  }
}
