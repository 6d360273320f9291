import { PodError } from '../error.ts';
import type { InsideTask } from '../launch/inside-tasks.ts';
import { idCount } from '../plan/caller.ts';
import { readCaller } from '../plan/read-caller.ts';
import { removeTree } from '../pod/remove-tree.ts';

const DENIED = new Set(['EACCES', 'EPERM']);

/** `removeTree` for files that may belong to several of a normal user's ids. */
export async function removeOwn(path: string, last: readonly string[]): Promise<void> {
  await asOwner(() => removeTree(path, last), { kind: 'remove', path, last });
}

/**
 * Does the work in this process; if the kernel denies it to a normal user, a helper with all of the user's ids repeats it. The
 * helper returns no result.
 */
export async function asOwner<T>(work: () => T, task: InsideTask): Promise<T | []> {
  try {
    return work();
  } catch (error) {
    const caller = readCaller();
    if (!caller || !isDenial(error)) throw error;
    if (idCount(caller) === 1) throw withoutIds(error as Error);
    const { runInside } = await import('../launch/inside.ts');
    await runInside(task, caller);
    return [];
  }
}

function withoutIds(cause: Error): PodError {
  return new PodError('host/privilege', `remove files that are not this user's: ${cause.message}`, {
    hint: 'files that belong to further ids of a pod can be removed with newuidmap and the lines in /etc/subuid and /etc/subgid that the user had when the pod ran, or by root',
    cause,
  });
}

/** For a `SyscallError`, an error of node:fs, or an error derived from one. */
function isDenial(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { errnoName, code, cause } = error as { errnoName?: string; code?: string; cause?: unknown };
  return DENIED.has(errnoName ?? code ?? '') || isDenial(cause);
}
