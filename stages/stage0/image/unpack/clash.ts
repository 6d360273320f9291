import { closeSync, fstatSync, type Stats } from 'node:fs';
import { O_DIRECTORY, O_NOFOLLOW, O_PATH, RESOLVE_BENEATH, RESOLVE_NO_SYMLINKS } from '../../../linux/constants.ts';
import { ERRNO, SyscallError } from '../../../linux/errno.ts';
import { Fd } from '../../../linux/fd.ts';
import { bytePath, tryOpenat2 } from '../../../linux/file.ts';
import type { TarEntryType } from '../tar/entry.ts';
import { printable } from '../tar/fault.ts';
import type { MadeFiles } from './made-files.ts';

const ONE_COMPONENT = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS;

export type Kind = 'directory' | 'file' | 'symlink' | 'FIFO' | 'device' | 'socket';

export function kindOf(stat: Stats): Kind {
  if (stat.isDirectory()) return 'directory';
  if (stat.isFile()) return 'file';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'FIFO';
  return stat.isSocket() ? 'socket' : 'device';
}

/**
 * In a directory in use, only files and links are replaced, and never by a directory: existing data is worth more than a copy to a
 * wrong name.
 */
export function requireReplaceable(
  dirFd: number,
  name: string,
  path: string,
  type: TarEntryType,
  made: MadeFiles,
): void {
  const opened = tryOpenat2(dirFd, bytePath(name), O_PATH | O_NOFOLLOW, ONE_COMPONENT);
  if (opened === -ERRNO.ENOENT) return;
  if (opened < 0) throw new SyscallError('openat2', -opened);
  using found = new Fd(opened);
  const there = kindOf(fstatSync(found.number));
  if (type !== 'directory' && (there === 'file' || there === 'symlink')) return;
  const comes = type === 'hardlink' ? 'file' : type;
  throw made.inTheWay(`"${printable(path)}" is a ${there} there, which a ${comes} does not replace`);
}

export function isDirectory(dirFd: number, name: string): boolean {
  const fd = tryOpenat2(dirFd, bytePath(name), O_PATH | O_DIRECTORY | O_NOFOLLOW, ONE_COMPONENT);
  if (fd >= 0) closeSync(fd);
  return fd >= 0;
}

export function isAbsent(dirFd: number, name: string): boolean {
  const fd = tryOpenat2(dirFd, bytePath(name), O_PATH | O_NOFOLLOW, ONE_COMPONENT);
  if (fd >= 0) closeSync(fd);
  return fd === -ERRNO.ENOENT;
}
