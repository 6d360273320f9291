import { PodError } from '../../error.ts';
import { corrupt, hostile, printable } from '../tar/fault.ts';

/** How a writer reports failures: in terms of an image, or of a copy. */
export interface Faults {
  /** The entry would leave its directory, or exceeds a limit. */
  readonly hostile: (what: string) => Error;
  readonly corrupt: (what: string) => Error;
  /** Converts an error caught while an entry was written. */
  readonly failed: (error: unknown, entryPath: string | undefined) => unknown;
}

export function imageFaults(archive: string): Faults {
  return {
    hostile: (what) => hostile(`unpack ${archive}: ${what}`),
    corrupt: (what) => corrupt(`unpack ${archive}: ${what}`),
    failed: (error, entryPath) => unpackFailure(error, archive, entryPath),
  };
}

const HOST_FAULTS: Readonly<Record<string, string>> = {
  ENOSPC: 'free some space in the file system that holds the store, or move it with --root',
  EDQUOT: 'raise the quota, or move the store with --root',
  EROFS: 'the store is on a read-only file system; move it with --root',
  EIO: 'the device under the store reports errors',
  EMFILE: 'raise the limit on open files (ulimit -n)',
  ENFILE: 'raise fs.file-max',
  EOPNOTSUPP: 'the file system of the store cannot keep this; move the store with --root',
};

/**
 * Converts an error while writing an entry or reading a file into one that the user can act on. A `PodError` or a bug is passed on
 * unchanged.
 */
export function unpackFailure(
  error: unknown,
  archive: string,
  entryPath: string | undefined,
  verb: 'unpack' | 'read' = 'unpack',
): unknown {
  const errno = errnoOf(error);
  if (errno === undefined || error instanceof PodError) return error;
  const where = entryPath === undefined ? '' : `, entry "${printable(entryPath)}"`;
  const message = `${verb} ${archive}${where}: ${(error as Error).message}`;
  if (errno in HOST_FAULTS) return new PodError('state/io', message, { hint: HOST_FAULTS[errno], cause: error });
  if (errno === 'EPERM' || errno === 'EACCES') {
    return new PodError('host/privilege', message, {
      hint: 'unpacking images needs root, because they keep owners, devices and capabilities',
      cause: error,
    });
  }
  // A layer that lost its directory or a file meanwhile is damaged; an entry that cannot be made exceeds a limit of the kernel.
  return verb === 'read' ? corrupt(message, error) : hostile(message, error);
}

/** The errno of a `SyscallError` or an error of node:fs. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { errnoName, code, syscall } = error as { errnoName?: string; code?: string; syscall?: string };
  if (syscall === undefined) return undefined;
  return errnoName ?? code;
}
