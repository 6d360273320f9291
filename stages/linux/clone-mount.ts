// open_tree(2), mount_setattr(2)

import { AT_EMPTY_PATH, OPEN_TREE_CLOEXEC, OPEN_TREE_CLONE } from './constants.ts';
import { Fd } from './fd.ts';
import { type MountAttr, MOUNT_ATTR_SIZE, mountAttr } from './structs.ts';
import { syscall } from './syscall.ts';

/**
 * What is at `path` as a detached mount with these attributes, which ends with its descriptor. An empty path is the file of `dirFd`
 * itself. Errors: EPERM without CAP_SYS_ADMIN; EINVAL for attributes that the file system does not support.
 */
export function cloneMount(dirFd: number, path: string, attributes: MountAttr): Fd {
  const mount = new Fd(syscall('open_tree', dirFd, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
  try {
    syscall('mount_setattr', mount.number, '', AT_EMPTY_PATH, mountAttr(attributes), MOUNT_ATTR_SIZE);
  } catch (error) {
    mount[Symbol.dispose]();
    throw error;
  }
  return mount;
}
