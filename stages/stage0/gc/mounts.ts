// proc_pid_mountinfo(5), umount(2)

import { readFileSync, realpathSync } from 'node:fs';
import { MNT_DETACH, UMOUNT_NOFOLLOW } from '../../linux/constants.ts';
import { ERRNO, SyscallError } from '../../linux/errno.ts';
import { unescapeOctal } from '../../linux/mountinfo.ts';
import { trySyscall } from '../../linux/syscall.ts';

/** Every mount point this process sees, in the order they were mounted. */
export function readMountPoints(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
  return lines.map((line) => unescapeOctal(line.split(' ', 5)[4] ?? ''));
}

/**
 * Takes down what somebody mounted in a dead pod's directory: a pod's own mounts are in its namespace and went with it. What is
 * behind them is not the pod's, and stays.
 */
export function detachMounts(path: string, uuid: string, points: readonly string[]): void {
  const near = points.filter((point) => point.includes(uuid));
  if (near.length === 0) return;
  const real = realpathSync(path);
  for (const point of near.toReversed()) {
    if (point !== real && !point.startsWith(`${real}/`)) continue;
    const result = trySyscall('umount2', point, MNT_DETACH | UMOUNT_NOFOLLOW);
    // EINVAL: it went with one above it.
    if (result < 0 && result !== -ERRNO.EINVAL && result !== -ERRNO.ENOENT)
      throw new SyscallError('umount2', -result, point);
  }
}
