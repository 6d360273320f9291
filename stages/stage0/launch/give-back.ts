import { closeSync } from 'node:fs';
import { SyscallError } from '../../linux/errno.ts';
import { PodError, PodErrors } from '../error.ts';
import { settleBridge } from '../gc/bridge.ts';
import { removePod } from '../gc/remove.ts';

/** Removes a pod whose launch failed before its monitor had it, then throws the failure. */
export async function giveBack(
  root: string,
  pod: { readonly uuid: string; readonly lockFd: number },
  failure: unknown,
): Promise<never> {
  closeSync(pod.lockFd);
  const first = explain(failure, root);
  try {
    await removeFailed(root, pod.uuid);
  } catch (error) {
    // What went wrong first may be the reason for this too: both are shown, and gc tries again.
    const second = explain(error, root, 'pod gc removes what is left of the pod');
    if (first instanceof PodError && second instanceof PodError) throw new PodErrors([first, second]);
    throw error;
  }
  throw first;
}

/**
 * With the network of the state directory, if this would have been the first pod on it. The network's name if it was not whole: then
 * that is why the launch failed, and the next one will find it whole.
 */
export async function removeFailed(root: string, uuid: string): Promise<string | undefined> {
  await removePod(root, uuid, undefined, true);
  return settleBridge(root);
}

/** A full disk, a read-only one, a limit: what the kernel refuses on the way to a pod is no bug of ours. */
function explain(error: unknown, root: string, hint?: string): unknown {
  if (error instanceof PodError || error instanceof PodErrors) return error;
  const isRefusal =
    error instanceof SyscallError || (error instanceof Error && (error as NodeJS.ErrnoException).syscall !== undefined);
  if (!isRefusal) return error;
  return new PodError('state/io', `make a pod in "${root}": ${(error as Error).message}`, { cause: error, hint });
}
