// mount_namespaces(7), setns(2), unshare(2), chroot(2)

import { openSync } from 'node:fs';
import { AT_FDCWD, AT_RECURSIVE, CLONE_NEWNS, MS_PRIVATE, O_DIRECTORY, O_PATH } from './constants.ts';
import { Fd } from './fd.ts';
import { mustReturn } from './return.ts';
import { MOUNT_ATTR_SIZE, mountAttr } from './structs.ts';
import { syscall } from './syscall.ts';

/**
 * Runs `action` in a new mount namespace, whose mounts are not visible elsewhere. The namespace and its mounts live as long as the
 * result. Namespaces belong to this thread: `action` must not await anything.
 */
export function inNewMountNamespace(action: () => void): Fd {
  using home = new Fd(openSync('/proc/thread-self/ns/mnt', 'r'));
  using root = new Fd(openSync('/', O_PATH | O_DIRECTORY));
  using directory = new Fd(openSync('.', O_PATH | O_DIRECTORY));
  syscall('unshare', CLONE_NEWNS);
  try {
    const attr = mountAttr({ propagation: MS_PRIVATE });
    syscall('mount_setattr', AT_FDCWD, '/', AT_RECURSIVE, attr, MOUNT_ATTR_SIZE);
    action();
    return new Fd(openSync('/proc/thread-self/ns/mnt', 'r'));
  } finally {
    // setns(2) changes root and working directory to the namespace's root; ours may be different.
    mustReturn(() => {
      syscall('setns', home.number, CLONE_NEWNS);
      syscall('fchdir', root.number);
      syscall('chroot', '.');
      syscall('fchdir', directory.number);
    });
  }
}
