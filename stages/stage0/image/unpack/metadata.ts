import { errnoName, SyscallError } from '../../../linux/errno.ts';
import {
  bytePath,
  chownPathFd,
  fchmod,
  fchmodat,
  fchown,
  lchownat,
  tryFsetxattr,
  tryLsetxattr,
  trySetxattr,
  utimensat,
} from '../../../linux/file.ts';
import type { TarEntry } from '../tar/entry.ts';
import { printable } from '../tar/fault.ts';
import type { Faults } from './failure.ts';

/** The metadata of an entry: kept until its directory is complete, or applied at once to what has no content. */
export type Metadata = Pick<TarEntry, 'mode' | 'uid' | 'gid' | 'mtimeSec' | 'mtimeNs' | 'xattrs'>;

/**
 * Overlayfs obeys these attributes in a lower layer: an archive that contained them could redirect a name to anywhere in the host's
 * file system.
 */
const FORBIDDEN_XATTRS = ['trusted.overlay.', 'user.overlay.'];

/** Throws for attributes that an archive may not have. */
export function checkXattrs(entry: TarEntry, faults: Faults): void {
  for (const [name] of entry.xattrs) {
    if (name.includes('\0') || FORBIDDEN_XATTRS.some((prefix) => name.startsWith(prefix))) {
      throw faults.hostile(`entry "${printable(entry.path)}" has the extended attribute "${printable(name)}"`);
    }
  }
}

/**
 * Owner first, because chown clears setuid and file capabilities. Time last, because any later change of the file would update it.
 */
export function applyToFd(fd: number, metadata: Metadata): void {
  fchown(fd, metadata.uid, metadata.gid);
  fchmod(fd, metadata.mode);
  for (const [name, value] of metadata.xattrs) checkSet(name, tryFsetxattr(fd, name, value), 'fsetxattr');
  utimensat(fd, null, metadata.mtimeSec, metadata.mtimeNs);
}

/** For files that cannot be opened: links, devices, FIFOs. `name` is a single component in the directory `dirFd`. */
export function applyToName(dirFd: number, name: string, metadata: Metadata, isSymlink: boolean): void {
  const path = bytePath(name);
  lchownat(dirFd, path, metadata.uid, metadata.gid);
  if (!isSymlink) fchmodat(dirFd, path, metadata.mode);
  // Until Linux 6.13: there is no lsetxattrat. The magic link stands for the descriptor, and the last component is not followed.
  for (const [attribute, value] of metadata.xattrs) {
    checkSet(attribute, tryLsetxattr(bytePath(`/proc/self/fd/${dirFd}/${name}`), attribute, value), 'lsetxattr');
  }
  utimensat(dirFd, path, metadata.mtimeSec, metadata.mtimeNs);
}

/** For a symbolic link opened with O_PATH. */
export function applyToPathFd(fd: number, metadata: Metadata): void {
  chownPathFd(fd, metadata.uid, metadata.gid);
  for (const [name, value] of metadata.xattrs)
    checkSet(name, trySetxattr(`/proc/self/fd/${fd}`, name, value), 'setxattr');
  utimensat(fd, '', metadata.mtimeSec, metadata.mtimeNs);
}

function checkSet(name: string, result: number, syscall: string): void {
  if (result === 0) return;
  // Attributes that this file system cannot store, among them those of other systems (`com.apple.…`), would have no effect in the
  // pod either. A lost capability would matter: a program would run without it.
  if (errnoName(-result) === 'EOPNOTSUPP' && name !== 'security.capability') return;
  throw new SyscallError(syscall, -result, `"${printable(name)}"`);
}
