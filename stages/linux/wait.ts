// wait4(2)

import { trySyscall } from './syscall.ts';

const WNOHANG = 1;

/** Reaps the child if it has ended, without waiting. Returns its pid, 0 while it runs, or minus the errno. */
export function tryWait4(pid: number): number {
  return trySyscall('wait4', pid, null, WNOHANG, null);
}
