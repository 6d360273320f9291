import { closeSync } from 'node:fs';
import { isKernelError, PodError, PodErrors } from '../error.ts';
import { settleBridge } from '../gc/bridge.ts';
import { removePod } from '../gc/remove.ts';

/** Removes a pod whose launch failed before its monitor took over, then throws the failure. */
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
    // The first failure may have caused this one too. Both are reported, and gc tries the removal again.
    const second = explain(error, root, 'pod gc removes what is left of the pod');
    if (first instanceof PodError && second instanceof PodError) throw new PodErrors([first, second]);
    throw error;
  }
  throw first;
}

/**
 * Removes the pod and, if it would have been the first pod on the network of its state directory, the network. Returns the
 * network's name if the network was incomplete: that explains the failure, and the next start will make it whole.
 */
export async function removeFailed(root: string, uuid: string): Promise<string | undefined> {
  await removePod(root, uuid, undefined, true);
  return settleBridge(root);
}

/** A full disk, a read-only disk or a limit is not a bug: errors from the kernel on the way to a pod are reported as `state/io`. */
function explain(error: unknown, root: string, hint?: string): unknown {
  if (error instanceof PodError || error instanceof PodErrors) return error;
  if (!isKernelError(error)) return error;
  return new PodError('state/io', `make a pod in "${root}": ${error.message}`, { cause: error, hint });
}
