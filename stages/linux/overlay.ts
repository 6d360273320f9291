// fsopen(2), fsconfig(2), fsmount(2), open_tree(2), mount_setattr(2), overlayfs: Documentation/filesystems/overlayfs.rst

import {
  AT_EMPTY_PATH,
  FSCONFIG_CMD_CREATE,
  FSCONFIG_SET_STRING,
  FSMOUNT_CLOEXEC,
  FSOPEN_CLOEXEC,
  MOUNT_ATTR_NODEV,
  MOUNT_ATTR_NOEXEC,
  MOUNT_ATTR_NOSUID,
  MOUNT_ATTR_RDONLY,
  MOVE_MOUNT_F_EMPTY_PATH,
  MOVE_MOUNT_T_EMPTY_PATH,
  OPEN_TREE_CLOEXEC,
  OPEN_TREE_CLONE,
} from './constants.ts';
import { Fd } from './fd.ts';
import { MOUNT_ATTR_SIZE, mountAttr } from './structs.ts';
import { syscall } from './syscall.ts';

const MAX_FSCONFIG_STRING = 255;

/** Merges directories, the first on top, into a detached read-only mount. */
export function mountReadOnlyOverlay(directories: readonly string[]): Fd {
  using context = new Fd(syscall('fsopen', 'overlay', FSOPEN_CLOEXEC));
  const set = (key: string, value: string): void => {
    syscall('fsconfig', context.number, FSCONFIG_SET_STRING, key, value, 0);
  };
  set('source', 'pod');
  const joined = directories.join(':');
  // Until Linux 6.7: all directories must fit into one string.
  if (joined.length <= MAX_FSCONFIG_STRING) set('lowerdir', joined);
  else for (const directory of directories) set('lowerdir+', directory);
  syscall('fsconfig', context.number, FSCONFIG_CMD_CREATE, null, null, 0);
  const attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
  return new Fd(syscall('fsmount', context.number, FSMOUNT_CLOEXEC, attributes));
}

/** A detached read-only mount of a descriptor's directory. */
export function cloneReadOnly(directory: Fd): Fd {
  const flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH;
  const mount = new Fd(syscall('open_tree', directory.number, '', flags));
  try {
    const attr = mountAttr({ set: MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC });
    syscall('mount_setattr', mount.number, '', AT_EMPTY_PATH, attr, MOUNT_ATTR_SIZE);
    return mount;
  } catch (error) {
    mount[Symbol.dispose]();
    throw error;
  }
}

/** Attaches a detached mount to the directory of an O_PATH descriptor. */
export function attachMount(mount: Fd, directory: Fd): void {
  const flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH;
  syscall('move_mount', mount.number, '', directory.number, '', flags);
}
