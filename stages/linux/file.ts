// openat2(2), access(2), mkdir(2), link(2), symlink(2), mknod(2), unlink(2), rename(2), chown(2), chmod(2), utimensat(2), lseek(2), readlink(2), xattr(7)

import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW, O_CLOEXEC } from './constants.ts';
import { ERRNO, SyscallError } from './errno.ts';
import { syscall, trySyscall } from './syscall.ts';

/** A path as bytes. Strings are encoded as UTF-8; archives use `bytePath`. */
export type KernelPath = string | Uint8Array;

export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFBLK = 0o060000;

/** Encodes a string with one character for each byte as a NUL-terminated buffer: file names are bytes and need not be UTF-8. */
export function bytePath(latin1: string): Buffer {
  return Buffer.from(`${latin1}\0`, 'latin1');
}

const openHow = Buffer.alloc(24);

/** As stage1 has it for the calls of a tape. */
const OPEN_ATTEMPTS = 100;

/**
 * openat2 with its 24-byte struct open_how. Returns the descriptor, or minus the errno. The kernel gives up with EAGAIN when a
 * rename or a mount anywhere on the machine could have led a ".." of the path out of the root, and says to try again: openat2(2).
 */
export function tryOpenat2(dirFd: number, path: KernelPath, flags: number, resolve: number, mode = 0): number {
  openHow.writeUInt32LE(flags | O_CLOEXEC, 0);
  openHow.writeUInt32LE(mode, 8);
  openHow.writeUInt32LE(resolve, 16);
  let fd = -ERRNO.EAGAIN;
  for (let i = 0; i < OPEN_ATTEMPTS && fd === -ERRNO.EAGAIN; i++) fd = trySyscall('openat2', dirFd, path, openHow, 24);
  return fd;
}

export function openat2(dirFd: number, path: KernelPath, flags: number, resolve: number, mode = 0): number {
  const fd = tryOpenat2(dirFd, path, flags, resolve, mode);
  if (fd < 0) throw new SyscallError('openat2', -fd);
  return fd;
}

/** faccessat(2): whether the path exists. Takes a tenth of the time of `existsSync` in a new process. */
export function pathExists(path: string): boolean {
  return trySyscall('faccessat', AT_FDCWD, path, 0) === 0;
}

const X_OK = 1;
const WRITE_OK = 2;
const READ_WRITE_OK = 6;
const ALL_OK = 7;

/** Whether this process may write to the path. */
export function isWritable(path: string): boolean {
  return trySyscall('faccessat', AT_FDCWD, path, WRITE_OK) === 0;
}

/** Whether this process may read and write the path. */
export function isReadWrite(path: string): boolean {
  return trySyscall('faccessat', AT_FDCWD, path, READ_WRITE_OK) === 0;
}

/** Returns 0 when this process may read, write and search the path; otherwise minus the errno. */
export function tryAccess(path: string): number {
  return trySyscall('faccessat', AT_FDCWD, path, ALL_OK);
}

/** Whether this process may execute the path; for a directory, search it. */
export function isExecutable(path: string): boolean {
  return trySyscall('faccessat', AT_FDCWD, path, X_OK) === 0;
}

/** Returns 0, or minus the errno, because an existing name is an expected result. */
export function tryMkdirat(dirFd: number, path: KernelPath, mode: number): number {
  return trySyscall('mkdirat', dirFd, path, mode);
}

export function tryUnlinkat(dirFd: number, path: KernelPath, flags = 0): number {
  return trySyscall('unlinkat', dirFd, path, flags);
}

export function trySymlinkat(target: KernelPath, dirFd: number, path: KernelPath): number {
  return trySyscall('symlinkat', target, dirFd, path);
}

/** Never follows a symbolic link at the end of `oldPath`. */
export function tryLinkat(oldDirFd: number, oldPath: KernelPath, dirFd: number, path: KernelPath): number {
  return trySyscall('linkat', oldDirFd, oldPath, dirFd, path, 0);
}

/** Gives a name to an open file that has none: see O_TMPFILE in open(2). */
export function linkOpenFile(fd: number, path: KernelPath): void {
  syscall('linkat', AT_FDCWD, `/proc/self/fd/${fd}`, AT_FDCWD, path, AT_SYMLINK_FOLLOW);
}

/** As `linkOpenFile`, in a directory. Returns 0, or minus the errno. */
export function tryLinkOpenFileAt(fd: number, dirFd: number, path: KernelPath): number {
  return trySyscall('linkat', AT_FDCWD, `/proc/self/fd/${fd}`, dirFd, path, AT_SYMLINK_FOLLOW);
}

/** Replaces what has the new name. Returns 0, or minus the errno. */
export function tryRenameat(oldDirFd: number, oldName: KernelPath, newDirFd: number, newName: KernelPath): number {
  return trySyscall('renameat2', oldDirFd, oldName, newDirFd, newName, 0);
}

/** `mode` includes the file type; the device number is given as major and minor. */
export function tryMknodat(dirFd: number, path: KernelPath, mode: number, major = 0, minor = 0): number {
  return trySyscall('mknodat', dirFd, path, mode, makedev(major, minor));
}

/** The kernel's huge encoding of a device number (32 bits): new_encode_dev in linux/kdev_t.h. */
function makedev(major: number, minor: number): number {
  return ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

export function fchown(fd: number, uid: number, gid: number): void {
  syscall('fchown', fd, uid, gid);
}

export function fchmod(fd: number, mode: number): void {
  syscall('fchmod', fd, mode);
}

/** Returns 0, or minus the errno: EPERM for another owner's file. */
export function tryFchmod(fd: number, mode: number): number {
  return trySyscall('fchmod', fd, mode);
}

/** Changes the owner of the file that an O_PATH descriptor refers to. */
export function chownPathFd(fd: number, uid: number, gid: number): void {
  syscall('fchownat', fd, '', uid, gid, AT_EMPTY_PATH);
}

/** Changes the owner of the name itself, without following a symbolic link. */
export function lchownat(dirFd: number, path: KernelPath, uid: number, gid: number): void {
  syscall('fchownat', dirFd, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

/** Follows a symbolic link at the end, as the kernel's fchmodat does until Linux 6.6: only for names known not to be a link. */
export function fchmodat(dirFd: number, path: KernelPath, mode: number): void {
  syscall('fchmodat', dirFd, path, mode);
}

/** As `fchmodat`. Returns 0, or minus the errno. */
export function tryFchmodat(dirFd: number, path: KernelPath, mode: number): number {
  return trySyscall('fchmodat', dirFd, path, mode);
}

const times = Buffer.alloc(32);

/**
 * Sets access and modification time to the same value. `path` null: of the descriptor; empty: of an O_PATH descriptor; otherwise of
 * the name, without following links.
 */
export function utimensat(dirFd: number, path: KernelPath | null, seconds: number, nanoseconds: number): void {
  const high = Math.floor(seconds / 0x1_0000_0000);
  for (const offset of [0, 16]) {
    times.writeUInt32LE(seconds - high * 0x1_0000_0000, offset);
    times.writeInt32LE(high, offset + 4);
    times.writeUInt32LE(nanoseconds, offset + 8);
  }
  syscall('utimensat', dirFd, path, times, path === null ? 0 : path === '' ? AT_EMPTY_PATH : AT_SYMLINK_NOFOLLOW);
}

/** Returns 0, or minus the errno. */
export function tryFsetxattr(fd: number, name: string, value: Uint8Array): number {
  return trySyscall('fsetxattr', fd, name, value.length === 0 ? null : value, value.length, 0);
}

/** Sets an attribute of the name itself, without following a symbolic link. */
export function tryLsetxattr(path: KernelPath, name: string, value: Uint8Array): number {
  return trySyscall('lsetxattr', path, name, value.length === 0 ? null : value, value.length, 0);
}

/** Sets an attribute of the file that the path leads to, such as the magic link of an O_PATH descriptor. */
export function trySetxattr(path: string, name: string, value: Uint8Array): number {
  return trySyscall('setxattr', path, name, value.length === 0 ? null : value, value.length, 0);
}

/** More than a mark of overlayfs or a capability takes. */
const XATTR_BYTES = 256;

/**
 * The value; undefined when the file has no such attribute or its file system has no attributes. ERANGE: it is longer than 256
 * bytes.
 */
export function fgetxattr(fd: number, name: string): Buffer | undefined {
  const value = Buffer.alloc(XATTR_BYTES);
  const length = trySyscall('fgetxattr', fd, name, value, XATTR_BYTES);
  if (length >= 0) return value.subarray(0, length);
  if (length === -ERRNO.ENODATA || length === -ERRNO.EOPNOTSUPP) return undefined;
  throw new SyscallError('fgetxattr', -length, name);
}

export const SEEK_DATA = 3;
export const SEEK_HOLE = 4;

/** The offset of the next data or hole, or minus the errno: ENXIO when there is none before the end of the file. */
export function trySeek(fd: number, offset: number, whence: typeof SEEK_DATA | typeof SEEK_HOLE): number {
  return trySyscall('lseek', fd, offset, whence);
}

/** The target of the symbolic link that an O_PATH descriptor refers to, with one character for each byte. */
export function readlinkFd(fd: number): string {
  const target = Buffer.alloc(4096);
  const length = syscall('readlinkat', fd, '', target, target.length);
  return target.toString('latin1', 0, length);
}
