import { fstatSync, openSync, readSync, type BigIntStats } from 'node:fs';
import {
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
  RESOLVE_NO_SYMLINKS,
  RESOLVE_NO_XDEV,
} from '../../linux/constants.ts';
import { readEntries } from '../../linux/directory.ts';
import { ERRNO, SyscallError } from '../../linux/errno.ts';
import { Fd } from '../../linux/fd.ts';
import { readlinkFd, tryOpenat2 } from '../../linux/file.ts';
import { readXattrs } from '../../linux/xattr.ts';
import { PodError } from '../error.ts';
import type { Extent, TarEntry, TarEntryType, TarSink } from '../image/tar/entry.ts';
import { printable } from '../image/tar/fault.ts';
import { readExtents } from './extents.ts';
import { readFailure } from './faults.ts';

const ONE_COMPONENT = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
/** As deep as an image may be; a descriptor a level is held. */
const MAX_DEPTH = 256;
const CHUNK = 256 * 1024;

/** A name in a directory; an empty one is the directory itself. */
export interface TreeStart {
  readonly dirFd: number;
  /** One character a byte. */
  readonly name: string;
  /** What the person calls it; with a slash at its end it is to be a directory. */
  readonly label: string;
}

export interface TreeOptions {
  /** The number of root there. */
  readonly owner: number;
  /** Mounts that belong to the tree, by path. */
  readonly mounts?: ReadonlySet<string>;
  /** Whether a directory was made of what is read: its own copy would be copied into it without end. */
  readonly isCopy?: (directory: BigIntStats) => boolean;
}

/**
 * Reads a tree that others change, and may want us to read what is not in it. Each step opens one component below a descriptor,
 * follows nothing and stays in the mount; what an entry is, is asked of what was opened. Names are sorted by their bytes.
 */
export class TreeReader {
  readonly #sink: TarSink;
  readonly #owner: number;
  readonly #mounts: ReadonlySet<string>;
  readonly #isCopy: (directory: BigIntStats) => boolean;
  readonly #chunk: Buffer = Buffer.allocUnsafe(CHUNK);
  /** Where a file with several names was seen first. */
  readonly #linked = new Map<string, string>();
  /** What is being read, for a failure. */
  #at = '';

  constructor(sink: TarSink, { owner, mounts = new Set(), isCopy = () => false }: TreeOptions) {
    this.#owner = owner;
    this.#sink = sink;
    this.#mounts = mounts;
    this.#isCopy = isCopy;
  }

  /** Without a prefix, what a directory holds and not the directory. */
  read(start: TreeStart, prefix: string): void {
    for (const _ of this.steps(start, prefix));
  }

  /** The same in small steps, between which there may be something else to do. */
  *steps(start: TreeStart, prefix: string): Generator<void> {
    this.#at = prefix;
    try {
      using found = new Fd(mustOpen(start));
      if (typeOf(fstatSync(found.number, { bigint: true })) === undefined)
        throw new PodError('host/refused', `copy "${start.label}": it is a socket`);
      if (prefix === '') yield* this.#readChildren(found.number, '', 0);
      else yield* this.#readFound(found.number, prefix, 0);
    } catch (error) {
      throw readFailure(error, `read "${pathOf(start.label, prefix, this.#at)}"`);
    }
  }

  *#readChildren(directory: number, path: string, depth: number): Generator<void> {
    if (depth > MAX_DEPTH)
      throw new PodError('host/refused', `read "${printable(path)}": it is more than ${MAX_DEPTH} directories deep`);
    const opened = tryOpenat2(directory, '.', O_RDONLY | O_DIRECTORY, ONE_COMPONENT);
    if (opened < 0) throw new SyscallError('openat2', -opened);
    using readable = new Fd(opened);
    const entries = [...readEntries(readable.number)].toSorted((a, b) => Buffer.compare(a.name, b.name));
    for (const { name, isDirectory } of entries) {
      const own = name.toString('latin1', 0, name.length - 1);
      const below = path === '' ? own : `${path}/${own}`;
      yield* this.#readChild(readable.number, name, below, isDirectory === true, depth + 1);
    }
  }

  *#readChild(directory: number, name: Buffer, path: string, wasDirectory: boolean, depth: number): Generator<void> {
    this.#at = path;
    const across = this.#mounts.has(path) ? 0 : RESOLVE_NO_XDEV;
    const fd = tryOpenat2(directory, name, O_PATH | O_NOFOLLOW, ONE_COMPONENT | across);
    // Removed, or made a symlink and back, since the directory was read.
    if (fd === -ERRNO.ENOENT || fd === -ERRNO.EAGAIN || fd === -ERRNO.ELOOP) return;
    if (fd === -ERRNO.EXDEV) {
      if (wasDirectory) this.#emit(mountPoint(path, this.#owner));
      return;
    }
    if (fd < 0) throw new SyscallError('openat2', -fd);
    using found = new Fd(fd);
    yield* this.#readFound(found.number, path, depth);
  }

  *#readFound(fd: number, path: string, depth: number): Generator<void> {
    const stat = fstatSync(fd, { bigint: true });
    const type = typeOf(stat);
    if (type === 'directory' && this.#isCopy(stat))
      throw new PodError('host/refused', `copy "${printable(path)}": it is the copy itself`, {
        hint: 'copy to a place outside of SRC',
      });
    // A socket is nothing without its program.
    if (type === undefined) return;
    const key = `${stat.dev}:${stat.ino}`;
    // Of FIFOs and devices the first may be left out, and then there is nothing to link to.
    const isLinked = (type === 'file' || type === 'symlink') && stat.nlink > 1n;
    const first = isLinked ? this.#linked.get(key) : undefined;
    if (first !== undefined) {
      this.#emit({ ...entryOf(stat, path, 'hardlink'), linkPath: first });
      return;
    }
    if (isLinked) this.#linked.set(key, path);
    const entry = entryOf(stat, path, type);
    const linkPath = type === 'symlink' ? readlinkFd(fd) : '';
    const full = { ...entry, linkPath, xattrs: readXattrs(fd) };
    if (type === 'file') yield* this.#readFile(fd, full, stat.blocks * 512n >= stat.size);
    else this.#emit(full);
    yield;
    if (type === 'directory') yield* this.#readChildren(fd, path, depth);
  }

  #emit(entry: TarEntry): void {
    this.#sink.begin(entry);
    this.#sink.end();
  }

  /** A file that shrinks meanwhile ends in zeros; what it grows by is left out: the header has said its size. */
  *#readFile(pathFd: number, entry: TarEntry, isDense: boolean): Generator<void> {
    using file = new Fd(reopen(pathFd));
    const extents = isDense ? undefined : readExtents(file.number, entry);
    this.#sink.begin(extents ? { ...entry, extents } : entry);
    for (const extent of extents ?? [{ offset: 0, length: entry.size }]) yield* this.#readExtent(file.number, extent);
    this.#sink.end();
  }

  *#readExtent(fd: number, { offset, length }: Extent): Generator<void> {
    for (let at = offset, left = length; left > 0;) {
      const wanted = Math.min(left, CHUNK);
      const got = readSync(fd, this.#chunk, 0, wanted, at);
      if (got === 0) this.#chunk.fill(0, 0, wanted);
      const read = got === 0 ? wanted : got;
      this.#sink.data(this.#chunk.subarray(0, read));
      at += read;
      left -= read;
      yield;
    }
  }
}

/** The person named it: here, and only here, a mount may be entered. */
function mustOpen({ dirFd, name, label }: TreeStart): number {
  const flags = O_PATH | O_NOFOLLOW | (label.endsWith('/') ? O_DIRECTORY : 0);
  const fd = tryOpenat2(dirFd, Buffer.from(`${name || '.'}\0`, 'latin1'), flags, ONE_COMPONENT);
  if (fd >= 0) return fd;
  if (fd === -ERRNO.ENOENT) throw new PodError('host/refused', `copy "${label}": there is no such file or directory`);
  if (fd === -ERRNO.ENOTDIR)
    throw new PodError('host/refused', `copy "${label}": it is not a directory`, {
      hint: `to copy the target of a symlink, write "${label}."`,
    });
  throw new SyscallError('openat2', -fd);
}

/** As the person would name it. */
function pathOf(label: string, prefix: string, path: string): string {
  const below = prefix === '' ? path : path.slice(prefix.length + 1);
  return below === '' ? label : `${label.replace(/\/$/, '')}/${printable(below)}`;
}

/** The very file an O_PATH descriptor stands for, which is known to be a regular one or a directory: no FIFO waits, no device is touched. */
function reopen(fd: number): number {
  return openSync(`/proc/self/fd/${fd}`, O_RDONLY | O_NONBLOCK);
}

function typeOf(stat: BigIntStats): TarEntryType | undefined {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'directory';
  if (stat.isSymbolicLink()) return 'symlink';
  if (stat.isFIFO()) return 'fifo';
  if (stat.isCharacterDevice()) return 'char';
  return stat.isBlockDevice() ? 'block' : undefined;
}

function entryOf(stat: BigIntStats, path: string, type: TarEntryType): TarEntry {
  const isDevice = type === 'char' || type === 'block';
  const device = Number(stat.rdev);
  const second = 1_000_000_000n;
  const mtimeNs = ((stat.mtimeNs % second) + second) % second;
  return {
    path,
    linkPath: '',
    type,
    size: type === 'file' ? Number(stat.size) : 0,
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtimeSec: Number((stat.mtimeNs - mtimeNs) / second),
    mtimeNs: Number(mtimeNs),
    devMajor: isDevice ? (device >>> 8) & 0xfff : 0,
    devMinor: isDevice ? (device & 0xff) | ((device >>> 12) & 0xfff00) : 0,
    xattrs: [],
  };
}

/** Something is mounted there, which is not the tree's; the place stays. */
function mountPoint(path: string, owner: number): TarEntry {
  const nothing = { linkPath: '', size: 0, uid: owner, gid: owner, mtimeSec: 0, mtimeNs: 0, devMajor: 0, devMinor: 0 };
  return { ...nothing, path, type: 'directory', mode: 0o755, xattrs: [] };
}
