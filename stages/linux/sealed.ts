// open_tree(2), mount_setattr(2)

import { AT_FDCWD, MOUNT_ATTR_RDONLY } from './constants.ts';
import { cloneMount } from './clone-mount.ts';
import type { Fd } from './fd.ts';

/**
 * An O_PATH descriptor of `path` through a read-only mount that exists nowhere else. Any process that gets the descriptor gets
 * EROFS for changes of the file, and of a device's owner and mode, whatever its privileges.
 */
export function openSealed(path: string): Fd {
  return cloneMount(AT_FDCWD, path, { set: MOUNT_ATTR_RDONLY });
}
