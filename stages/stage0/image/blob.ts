import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { PodError } from '../error.ts';
import { corrupt } from './tar/fault.ts';

/** A range of bytes in a file: a blob of a layout, or a member of a docker archive. */
export interface Blob {
  readonly path: string;
  readonly start: number;
  readonly size: number;
  /** Its name in messages. */
  readonly label: string;
}

export function blobOfFile(path: string, label: string): Blob {
  let stat;
  try {
    stat = statSync(path);
  } catch (error) {
    throw unreadable(label, error);
  }
  if (!stat.isFile()) throw new PodError('image/reference', `read ${label}: it is not a regular file`);
  return { path, start: 0, size: stat.size, label };
}

/** Reads the first bytes, or all of a small blob. Throws when the file is shorter than the blob should be. */
export function readBlob(blob: Blob, maxBytes: number): Buffer {
  const length = Math.min(blob.size, maxBytes);
  const buffer = Buffer.alloc(length);
  let fd: number;
  try {
    fd = openSync(blob.path, 'r');
  } catch (error) {
    throw unreadable(blob.label, error);
  }
  try {
    let filled = 0;
    while (filled < length) {
      const got = readSync(fd, buffer, filled, length - filled, blob.start + filled);
      if (got === 0) throw corrupt(`read ${blob.label}: it ends after ${filled} of ${length} bytes`);
      filled += got;
    }
    return buffer;
  } finally {
    closeSync(fd);
  }
}

export function unreadable(label: string, error: unknown): PodError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new PodError('image/reference', `read ${label}: no such file`, { cause: error });
  return new PodError('image/reference', `read ${label}: ${message}`, { cause: error });
}
