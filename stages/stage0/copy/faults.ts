import { errnoMessage, errnoName, SyscallError } from '../../linux/errno.ts';
import { PodError } from '../error.ts';
import { printable } from '../image/tar/fault.ts';
import { errnoOf, type Faults } from '../image/unpack/failure.ts';

const TO_READ: Readonly<Record<string, string>> = {
  EIO: 'the device under it reports errors',
  EMFILE: 'raise the limit on open files (ulimit -n)',
  ENFILE: 'raise fs.file-max',
};

const TO_WRITE: Readonly<Record<string, string>> = {
  ...TO_READ,
  EDQUOT: 'raise the quota there, or write to another place',
  EFBIG: 'the file is too large for the limit (ulimit -f) or the file system',
  ENOSPC: 'free some space there, or write to another place',
  EOPNOTSUPP: 'the destination file system does not support this',
  EPERM: 'only root can keep owners, so run as root; if you are root, the destination may be immutable (lsattr)',
  EROFS: 'the destination is mounted read-only',
  EXDEV: 'another file system is mounted there: copy into it by its own path',
};

const TO_WRITE_FILE: Readonly<Record<string, string>> = {
  ...TO_WRITE,
  EISDIR: 'name a file in it',
  ENOENT: 'make the directory first',
  ENOTDIR: 'name a file in a directory',
};

/** A call that failed, with what it was for; anything else, a `PodError` too, passes as it is. */
export function readFailure(error: unknown, task: string): unknown {
  return callFailure(error, task, TO_READ);
}

export function writeFailure(error: unknown, task: string): unknown {
  return callFailure(error, task, TO_WRITE);
}

/** The same, of a file that was named. */
export function fileFailure(error: unknown, task: string): unknown {
  return callFailure(error, task, TO_WRITE_FILE);
}

function callFailure(error: unknown, task: string, hints: Readonly<Record<string, string>>): unknown {
  const errno = errnoOf(error);
  if (errno === undefined || error instanceof PodError) return error;
  return new PodError('host/refused', `${task}: ${textOf(error as Error)}`, { hint: hints[errno], cause: error });
}

/** Errors of node:fs name paths that may be ours alone. */
function textOf(error: Error): string {
  const { errno } = error as NodeJS.ErrnoException;
  if (error instanceof SyscallError || errno === undefined) return error.message;
  return `${errnoMessage(-errno)} (${errnoName(-errno)})`;
}

/** What is read from a tree breaks bounds at most; an archive that somebody sends may hold anything. */
export function copyFaults(target: string, from: 'tree' | 'archive'): Faults {
  const unfit = (what: string): PodError => {
    const message = `copy to "${target}": ${what}`;
    return from === 'archive' ? badArchive(message) : new PodError('host/refused', message);
  };
  return {
    hostile: unfit,
    corrupt: unfit,
    failed: (error, entryPath) =>
      writeFailure(error, `copy to "${target}"${entryPath === undefined ? '' : `, "${printable(entryPath)}"`}`),
  };
}

export function badArchive(message: string, cause?: unknown): PodError {
  return new PodError('copy/archive', message, {
    hint: 'SRC - must be an uncompressed tar archive with names below DST: tar -C DIR -c . | pod cp - POD:DST',
    cause,
  });
}
