// listxattr(2), getxattr(2), xattr(7)

import { ERRNO, SyscallError } from './errno.ts';
import { syscall, trySyscall } from './syscall.ts';

/** XATTR_LIST_MAX and XATTR_SIZE_MAX of linux/limits.h. */
const MAX_BYTES = 65_536;

/**
 * Attributes of the file that an O_PATH descriptor refers to, which may be a symbolic link. Attributes removed meanwhile are left
 * out.
 */
export function readXattrs(fd: number): [string, Buffer][] {
  // Calls that take a descriptor reject O_PATH; the magic link leads to the file and no further.
  const path = `/proc/self/fd/${fd}`;
  const size = trySyscall('listxattr', path, null, 0);
  if (size === 0 || size === -ERRNO.EOPNOTSUPP) return [];
  const list = Buffer.alloc(MAX_BYTES);
  const length = syscall('listxattr', path, list, MAX_BYTES);
  const names = list.toString('latin1', 0, length).split('\0').slice(0, -1);
  return names.toSorted().flatMap((name): [string, Buffer][] => {
    const value = Buffer.alloc(MAX_BYTES);
    const bytes = Buffer.from(`${name}\0`, 'latin1');
    const got = trySyscall('getxattr', path, bytes, value, MAX_BYTES);
    if (got === -ERRNO.ENODATA || got === -ERRNO.EOPNOTSUPP) return [];
    if (got < 0) throw new SyscallError('getxattr', -got, name);
    return [[name, Buffer.from(value.subarray(0, got))]];
  });
}
