// umount(2)

import { trySyscall } from './syscall.ts';

/** Returns 0, or minus the errno: EINVAL when the path is no mount point. `flags`: MNT_DETACH, UMOUNT_NOFOLLOW. */
export function tryUmount2(path: string, flags: number): number {
  return trySyscall('umount2', path, flags);
}
