// namespaces(7), mount_namespaces(7)

import { closeSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { bindMount } from '../../../linux/bind-mount.ts';
import { MNT_DETACH, UMOUNT_NOFOLLOW } from '../../../linux/constants.ts';
import { ERRNO, SyscallError } from '../../../linux/errno.ts';
import { tryUmount2 } from '../../../linux/umount.ts';
import { NETNS_DIR } from './state.ts';

/**
 * Mounts the network namespace of a process that runs nobody's code yet. The mount keeps the namespace until the plugins have removed
 * what they put there, however the pod ended.
 */
export function pinNamespace(path: string, pid: number): void {
  mkdirSync(NETNS_DIR, { recursive: true, mode: 0o755 });
  closeSync(openSync(path, 'wx', 0o400));
  bindMount(`/proc/${pid}/ns/net`, path);
}

/** Whether the namespace is there: a file alone is what a crash or a restart has left. */
export function isPinned(path: string): boolean {
  const device = statSync(path, { throwIfNoEntry: false })?.dev;
  return device !== undefined && device !== statSync(NETNS_DIR).dev;
}

export function unpinNamespace(path: string): void {
  const result = tryUmount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
  // EINVAL: it is no mount point.
  if (result < 0 && result !== -ERRNO.EINVAL && result !== -ERRNO.ENOENT)
    throw new SyscallError('umount2', -result, path);
  rmSync(path, { force: true });
}
