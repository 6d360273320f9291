import { closeSync, fstatSync, readSync } from 'node:fs';
import { SyscallError } from '../../linux/errno.ts';
import {
  O_NOCTTY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  RESOLVE_IN_ROOT,
  RESOLVE_NO_MAGICLINKS,
} from '../../linux/constants.ts';
import { bytePath, tryOpenat2 } from '../../linux/file.ts';
import { PodError } from '../error.ts';
import { unpackFailure } from './unpack/failure.ts';
import { hostile, printable } from './tar/fault.ts';
import type { FoundFile, ImageTree } from './tree.ts';

/**
 * Reads a file of the image as a process in the image would see it; undefined when it does not exist. Reads only regular files of
 * at most `maxBytes`: a FIFO, a device or an endless file at `/etc/passwd` is rejected without waiting for it.
 */
export function readTreeFile(tree: ImageTree, path: string, maxBytes: number): Buffer | undefined {
  const label = `read "${printable(path)}" of image "${tree.ref}"`;
  return guarded(tree, path, () => {
    const found = tree.find(bytesOf(tree, path));
    if (found === undefined) return undefined;
    if (!found.stat.isFile()) throw hostile(`${label}: not a regular file`);
    return readFound(found, maxBytes, label);
  });
}

/** The owner of what a path of the image leads to; undefined when there is nothing. */
export function ownerOf(tree: ImageTree, path: string): { readonly uid: number; readonly gid: number } | undefined {
  return guarded(tree, path, () => tree.find(bytesOf(tree, path))?.stat);
}

/** One character for each byte, as in the names of the tree. */
function bytesOf(tree: ImageTree, path: string): string {
  if (path.includes('\0'))
    throw new PodError(
      'image/user',
      `look up ${JSON.stringify(path)} in image "${tree.ref}": a path cannot hold a NUL`,
    );
  return Buffer.from(path).toString('latin1');
}

function guarded<T>(tree: ImageTree, path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw unpackFailure(error, `image "${tree.ref}"`, path, 'read');
  }
}

function readFound(found: FoundFile, maxBytes: number, label: string): Buffer {
  // O_NONBLOCK: in a `dir:` image that someone writes to, the file may meanwhile be a FIFO.
  const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  const fd = tryOpenat2(found.dirFd, bytePath(found.name), flags, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
  if (fd < 0) throw new SyscallError('openat2', -fd);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw hostile(`${label}: not a regular file`);
    if (stat.size > maxBytes) throw hostile(`${label}: it has ${stat.size} bytes, more than ${maxBytes}`);
    return readAll(fd, stat.size);
  } finally {
    closeSync(fd);
  }
}

function readAll(fd: number, size: number): Buffer {
  const buffer = Buffer.alloc(size);
  let filled = 0;
  while (filled < size) {
    const got = readSync(fd, buffer, filled, size - filled, filled);
    if (got === 0) break;
    filled += got;
  }
  return buffer.subarray(0, filled);
}
