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

/** What is kept of an entry until its directory is complete, or applied at once to what cannot have contents. */
export type Metadata = Pick<TarEntry, 'mode' | 'uid' | 'gid' | 'mtimeSec' | 'mtimeNs' | 'xattrs'>;

/** Overlayfs obeys these in a lower layer: an archive that carried them could redirect a name to any place of the host's file system. */
const FORBIDDEN_XATTRS = ['trusted.overlay.', 'user.overlay.'];

/** Throws for the attributes an archive may not have. */
export function checkXattrs(entry: TarEntry, faults: Faults): void {
  for (const [name] of entry.xattrs) {
    if (name.includes('\0') || FORBIDDEN_XATTRS.some((prefix) => name.startsWith(prefix))) {
      throw faults.hostile(`entry "${printable(entry.path)}" has the extended attribute "${printable(name)}"`);
    }
  }
}

/** Owner first: chown clears setuid and file capabilities. Time last: nothing after it may touch the file. */
export function applyToFd(fd: number, metadata: Metadata): void {
  fchown(fd, metadata.uid, metadata.gid);
  fchmod(fd, metadata.mode);
  for (const [name, value] of metadata.xattrs) checkSet(name, tryFsetxattr(fd, name, value), 'fsetxattr');
  utimensat(fd, null, metadata.mtimeSec, metadata.mtimeNs);
}

/** For what cannot be opened: symlinks, devices, FIFOs. `name` is a single component in the directory `dirFd`. */
export function applyToName(dirFd: number, name: string, metadata: Metadata, isSymlink: boolean): void {
  const path = bytePath(name);
  lchownat(dirFd, path, metadata.uid, metadata.gid);
  if (!isSymlink) fchmodat(dirFd, path, metadata.mode);
  // There is no lsetxattrat before Linux 6.13; the magic link stands for the descriptor, and the last component is not followed.
  for (const [attribute, value] of metadata.xattrs) {
    checkSet(attribute, tryLsetxattr(bytePath(`/proc/self/fd/${dirFd}/${name}`), attribute, value), 'lsetxattr');
  }
  utimensat(dirFd, path, metadata.mtimeSec, metadata.mtimeNs);
}

/** For a symlink that was opened with O_PATH. */
export function applyToPathFd(fd: number, metadata: Metadata): void {
  chownPathFd(fd, metadata.uid, metadata.gid);
  for (const [name, value] of metadata.xattrs)
    checkSet(name, trySetxattr(`/proc/self/fd/${fd}`, name, value), 'setxattr');
  utimensat(fd, '', metadata.mtimeSec, metadata.mtimeNs);
}

function checkSet(name: string, result: number, syscall: string): void {
  if (result === 0) return;
  // What this file system cannot store has no effect in the pod either: attributes of other systems (`com.apple.…`) among them.
  // Capabilities would be missed: a program would run without them.
  if (errnoName(-result) === 'EOPNOTSUPP' && name !== 'security.capability') return;
  throw new SyscallError(syscall, -result, `"${printable(name)}"`);
}
