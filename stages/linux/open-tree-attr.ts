// open_tree_attr(2): since Linux 6.15

import { ERRNO } from './errno.ts';
import { trySyscall } from './syscall.ts';

/** Whether the kernel has the call. Needs no privilege: where it exists, an empty path gives ENOENT. */
export function hasOpenTreeAttr(): boolean {
  return trySyscall('open_tree_attr', -1, '', 0, null, 0) === -ERRNO.ENOENT;
}
