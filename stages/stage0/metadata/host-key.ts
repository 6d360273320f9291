import { closeSync, fsyncSync, linkSync, openSync, readFileSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { PodError, isKernelError } from '../error.ts';
import { KEY_BYTES } from './plan-metadata.ts';

/** `size` bytes of the kernel's generator, without the milliseconds that loading `node:crypto` takes. */
export function randomBytes(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  const fd = openSync('/dev/urandom', 'r');
  try {
    if (readSync(fd, bytes) !== size) throw new Error('/dev/urandom returned fewer bytes than requested');
  } finally {
    closeSync(fd);
  }
  return bytes;
}

/**
 * What all signatures of this state directory's pods are made with. Made on first use, and kept: a pod must be able to verify what
 * another signed before a restart.
 */
export function hostKey(root: string): Buffer {
  const path = `${root}/metadata.key`;
  const key = read(path) ?? make(path);
  if (key.length === KEY_BYTES) return key;
  throw new PodError('state/io', `read "${path}": it has ${key.length} bytes, not ${KEY_BYTES}`, {
    hint: 'remove it: pod creates a new key, and signatures made with the old key can no longer be verified',
  });
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw failure('read', path, error);
  }
}

/** Linked to its name when it is whole and on the disk: of two that make one at once, both use the first. */
function make(path: string): Buffer {
  // What a crash left of another attempt must not be in the way.
  const draft = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    const fd = openSync(draft, 'wx', 0o600);
    try {
      writeSync(fd, randomBytes(KEY_BYTES));
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    try {
      linkSync(draft, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    } finally {
      unlinkSync(draft);
    }
    return readFileSync(path);
  } catch (error) {
    throw failure('make', path, error);
  }
}

function failure(what: string, path: string, error: unknown): unknown {
  if (!isKernelError(error)) return error;
  return new PodError('state/io', `${what} "${path}": ${error.message}`, { cause: error });
}
