// proc_pid_mountinfo(5)

import { readFileSync, realpathSync } from 'node:fs';
import { MNT_DETACH, UMOUNT_NOFOLLOW } from '../../linux/constants.ts';
import { ERRNO, SyscallError } from '../../linux/errno.ts';
import { unescapeOctal } from '../../linux/mountinfo.ts';
import { tryUmount2 } from '../../linux/umount.ts';

/** Every mount point that this process sees, in the order of mounting. */
export function readMountPoints(): string[] {
  const lines = readFileSync('/proc/self/mountinfo', 'utf8').trimEnd().split('\n');
  return lines.map((line) => unescapeOctal(line.split(' ', 5)[4] ?? ''));
}

/**
 * Unmounts what someone mounted inside a dead pod's directory; the pod's own mounts were in its namespace and are gone. What is
 * behind these mounts does not belong to the pod and is kept.
 */
export function detachMounts(path: string, uuid: string, points: readonly string[]): void {
  const near = points.filter((point) => point.includes(uuid));
  if (near.length === 0) return;
  const real = realpathSync(path);
  for (const point of near.toReversed()) {
    if (point !== real && !point.startsWith(`${real}/`)) continue;
    const result = tryUmount2(point, MNT_DETACH | UMOUNT_NOFOLLOW);
    // EINVAL: it was unmounted with a mount above it.
    if (result < 0 && result !== -ERRNO.EINVAL && result !== -ERRNO.ENOENT)
      throw new SyscallError('umount2', -result, point);
  }
}
