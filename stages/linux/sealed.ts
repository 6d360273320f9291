// open_tree(2), mount_setattr(2)

import { AT_EMPTY_PATH, AT_FDCWD, MOUNT_ATTR_RDONLY, OPEN_TREE_CLOEXEC, OPEN_TREE_CLONE } from './constants.ts';
import { Fd } from './fd.ts';
import { MOUNT_ATTR_SIZE, mountAttr } from './structs.ts';
import { syscall } from './syscall.ts';

/**
 * An O_PATH descriptor of `path` through a read-only mount that exists nowhere else. Any process that gets the descriptor gets
 * EROFS for changes of the file, and of a device's owner and mode, whatever its privileges.
 */
export function openSealed(path: string): Fd {
  const mount = new Fd(syscall('open_tree', AT_FDCWD, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  try {
    syscall('mount_setattr', mount.number, '', AT_EMPTY_PATH, mountAttr({ set: MOUNT_ATTR_RDONLY }), MOUNT_ATTR_SIZE);
  } catch (error) {
    mount[Symbol.dispose]();
    throw error;
  }
  return mount;
}
