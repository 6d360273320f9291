// setfsuid(2), setfsgid(2), PR_SET_SECUREBITS(2const)

import { PR_GET_SECUREBITS, PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP } from './prctl.ts';
import { syscall } from './syscall.ts';

/**
 * Files that `make` creates are owned by that user and group from the start: a file system of a user namespace rejects files from
 * an id that it cannot map. The ids change for this thread only, and its capabilities stay.
 */
export function makeAs<Result>(id: number, make: () => Result): Result {
  const bits = syscall('prctl', PR_GET_SECUREBITS, 0, 0, 0, 0);
  // Otherwise the kernel drops the capabilities for entering other users' directories.
  syscall('prctl', PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP, 0, 0, 0);
  const uid = syscall('setfsuid', id);
  const gid = syscall('setfsgid', id);
  try {
    return make();
  } finally {
    syscall('setfsgid', gid);
    syscall('setfsuid', uid);
    syscall('prctl', PR_SET_SECUREBITS, bits, 0, 0, 0);
  }
}
