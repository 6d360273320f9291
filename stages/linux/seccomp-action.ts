// SECCOMP_GET_ACTION_AVAIL(2const)

import { syscall } from './syscall.ts';

const SECCOMP_GET_ACTION_AVAIL = 2;

/** Returns when filters may use the action (SECCOMP_RET_*). Errors: EOPNOTSUPP, EINVAL or ENOSYS without filters. */
export function requireSeccompAction(action: number): void {
  syscall('seccomp', SECCOMP_GET_ACTION_AVAIL, 0, new Uint8Array(new Uint32Array([action]).buffer));
}
