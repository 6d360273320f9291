import { statfsSync } from 'node:fs';
import { AT_FDCWD, O_DIRECTORY, O_PATH, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS } from '../../linux/constants.ts';
import { ERRNO, SyscallError } from '../../linux/errno.ts';
import { Fd } from '../../linux/fd.ts';
import { tryOpenat2 } from '../../linux/file.ts';
import { PodError } from '../error.ts';
import { printable } from '../image/tar/fault.ts';

/** File systems whose files are no files but requests to the kernel, most of which root may make for the whole host. */
const KERNEL_FILE_SYSTEMS = new Set([
  0x9fa0, // proc
  0x62656572, // sysfs
  0x27e0eb, // cgroup
  0x63677270, // cgroup2
  0x1cd1, // devpts
  0x64626720, // debugfs
  0x74726163, // tracefs
  0x73636673, // securityfs
  0xcafe4a11, // bpf
  0x19800202, // mqueue
  0x42494e4d, // binfmt_misc
  0x65735546, // fuse: whoever serves it may answer never
]);

/** Where paths begin: an app's root, from which nothing leads out, or the host's own. */
export interface Place {
  readonly rootFd: number | undefined;
  /** The number of root there, which has the directories nothing is said about; 0 when absent. */
  readonly owner?: number;
}

/** The directory as an O_PATH descriptor; undefined when there is none of that name. */
export function openDirectory(place: Place, path: string): Fd | undefined {
  const [from, resolve] =
    place.rootFd === undefined ? [AT_FDCWD, 0] : [place.rootFd, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS];
  const fd = tryOpenat2(from, path === '' ? '.' : path, O_PATH | O_DIRECTORY, resolve);
  if (fd === -ERRNO.ENOENT || fd === -ERRNO.ENOTDIR) return undefined;
  if (fd < 0) throw new PodError('host/refused', `open "${shown(path)}": ${new SyscallError('openat2', -fd).message}`);
  const directory = new Fd(fd);
  if (place.rootFd === undefined || !isOfKernel(fd)) return directory;
  directory[Symbol.dispose]();
  throw new PodError('host/refused', `open "${shown(path)}" in the pod: it is in a file system of the kernel`, {
    hint: 'files there act on the host; read them with pod exec',
  });
}

/** Whether a descriptor's file is one of the kernel's. */
export function isOfKernel(fd: number): boolean {
  return KERNEL_FILE_SYSTEMS.has(statfsSync(`/proc/self/fd/${fd}`).type);
}

export interface Parted {
  readonly directory: string;
  /** One character a byte; empty: the directory itself, as in "/" and "dir/.". */
  readonly name: string;
}

/** The last name of a path is not followed when it is a symlink, those before are. */
export function partPath(path: string): Parted {
  const trimmed = path.replace(/\/+$/, '');
  const slash = trimmed.lastIndexOf('/');
  const last = trimmed.slice(slash + 1);
  if (last === '' || last === '.' || last === '..') return { directory: path, name: '' };
  const directory = slash === -1 ? '.' : slash === 0 ? '/' : trimmed.slice(0, slash);
  return { directory, name: Buffer.from(last).toString('latin1') };
}

export function missing(path: string): PodError {
  return new PodError('host/refused', `open "${shown(path)}": there is no such directory`);
}

/** As a terminal can bear it. */
export function shown(path: string): string {
  return printable(Buffer.from(path).toString('latin1'));
}
