// overlayfs: Documentation/filesystems/overlayfs.rst, move_mount(2)

import {
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_EMPTY_PATH,
} from './constants.ts';
import { cloneMount } from './clone-mount.ts';
import type { Fd } from './fd.ts';
import { lowerOptions } from './lower-options.ts';
import { newMount } from './new-mount.ts';
import { syscall } from './syscall.ts';

const TO_READ = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;

/**
 * Merges directories, the first on top, into a detached read-only mount. Layers of a normal user are marked by attributes of the
 * user's, which a mount obeys that is not made by the host's root.
 */
export function mountReadOnlyOverlay(directories: readonly string[], marks: 'trusted' | 'user' = 'trusted'): Fd {
  const options = [['source', 'pod'] as const, ...lowerOptions(directories)];
  return newMount('overlay', marks === 'user' ? [...options, ['userxattr', null]] : options, TO_READ);
}

/** A detached read-only mount of a descriptor's directory. */
export function cloneReadOnly(directory: Fd): Fd {
  return cloneMount(directory.number, '', { set: TO_READ });
}

/** Attaches a detached mount to the directory of an O_PATH descriptor. */
export function attachMount(mount: Fd, directory: Fd): void {
  const flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  syscall('move_mount', mount.number, '', directory.number, '', flags);
}
