import { pidfdOpen, tryPidfdSendSignal } from '../../linux/pidfd.ts';
import { isLocked } from '../pod/lock.ts';
import { findInitOf } from './find-init.ts';

const SIGKILL = 9;

/** Kills the pod's PID 1, with which the kernel ends all of the pod's processes. For pods without a cgroup. */
export function killInit(podDir: string): void {
  const pid = findInitOf(podDir);
  using pidfd = pid === undefined ? undefined : pidfdOpen(pid);
  // The pid may have been reused before the descriptor referred to it.
  if (pidfd && isLocked(podDir) && findInitOf(podDir) === pid) tryPidfdSendSignal(pidfd.number, SIGKILL);
}
