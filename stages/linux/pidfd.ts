// pidfd_open(2), pidfd_send_signal(2)

import { ERRNO, SyscallError } from './errno.ts';
import { Fd } from './fd.ts';
import { trySyscall } from './syscall.ts';

/** A descriptor that always refers to this process, even if the pid is reused; undefined when there is no such process. */
export function pidfdOpen(pid: number): Fd | undefined {
  const result = trySyscall('pidfd_open', pid, 0);
  if (result === -ERRNO.ESRCH) return undefined;
  if (result < 0) throw new SyscallError('pidfd_open', -result, String(pid));
  return new Fd(result);
}

/** Returns 0, or minus the errno: ESRCH when the process has ended. */
export function tryPidfdSendSignal(pidfd: number, signal: number): number {
  return trySyscall('pidfd_send_signal', pidfd, signal, null, 0);
}
