// pidfd_open(2), pidfd_send_signal(2)

import { Fd } from '../../linux/fd.ts';
import { trySyscall } from '../../linux/syscall.ts';
import { isLocked } from '../pod/lock.ts';
import { findInitOf } from './find-init.ts';

const SIGKILL = 9;

/** Kills the pod's PID 1, with which the kernel ends all of the pod's processes. For pods without a cgroup. */
export function killInit(podDir: string): void {
  const pid = findInitOf(podDir);
  const result = pid === undefined ? -1 : trySyscall('pidfd_open', pid, 0);
  // It has ended meanwhile.
  if (result < 0) return;
  using pidfd = new Fd(result);
  // The pid may have been reused before the descriptor referred to it.
  if (isLocked(podDir) && findInitOf(podDir) === pid) trySyscall('pidfd_send_signal', pidfd.number, SIGKILL, null, 0);
}
