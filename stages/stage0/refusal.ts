import { SyscallError } from '../linux/errno.ts';
import { isKernelError } from './error.ts';

/** What a call says of the host's state; any other errno (EBADF, EFAULT, EINVAL…) is a call that was wrong, and ours to mend. */
const REFUSALS: ReadonlySet<string | undefined> = new Set([
  'EACCES',
  'EAGAIN',
  'EBUSY',
  'EDQUOT',
  'EFBIG',
  'EINTR',
  'EIO',
  'EMFILE',
  'ENFILE',
  'ENOLCK',
  'ENOMEM',
  'ENOSPC',
  'EPERM',
  'EROFS',
]);

/** A full disk, a limit, a failing device: the kernel said no, and nothing of ours is broken. */
export function isRefusal(error: unknown): error is Error {
  if (error instanceof SyscallError) return REFUSALS.has(error.errnoName);
  return isKernelError(error) && REFUSALS.has(error.code);
}
