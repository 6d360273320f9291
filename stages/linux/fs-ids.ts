// setfsuid(2), capabilities(7)

import { PR_GET_SECUREBITS, PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP } from './prctl.ts';
import { syscall } from './syscall.ts';

/**
 * What `action` makes on a file system is owned by user and group `id`. Capabilities stay, which the kernel would take otherwise. Both
 * are the thread's: `action` has to be synchronous.
 */
export function withFsIds<T>(id: number, action: () => T): T {
  keepCapabilities();
  const uid = syscall('setfsuid', id);
  const gid = syscall('setfsgid', id);
  try {
    return action();
  } finally {
    syscall('setfsuid', uid);
    syscall('setfsgid', gid);
  }
}

let areKept = false;

function keepCapabilities(): void {
  if (areKept) return;
  const bits = syscall('prctl', PR_GET_SECUREBITS, 0, 0, 0, 0);
  syscall('prctl', PR_SET_SECUREBITS, bits | SECBIT_NO_SETUID_FIXUP, 0, 0, 0);
  areKept = true;
}
