import { stopAndWait, killPod } from '../cli/control.ts';
import { PodError } from '../error.ts';
import { removePod } from '../gc/remove.ts';
import { isRefusal } from '../refusal.ts';
import type { Work } from './work.ts';

/** Stops the pod with its own grace periods, if it runs. What it leaves is kept until pod gc. */
export async function stopInSet({ store, emit }: Work, name: string, uuid: string, reason: string): Promise<void> {
  const pod = store.locate(uuid);
  if (pod?.state !== 'run') return;
  emit({ e: 'pod-stopping', pod: name, uuid, reason });
  try {
    await stopAndWait(store, pod, undefined);
  } catch (error) {
    // The pod ended by itself first, or its init does not answer.
    if (!(error instanceof PodError)) throw error;
    const now = store.locate(uuid);
    if (now) await killPod(store, now);
  }
  emit({ e: 'pod-stopped', pod: name, uuid });
}

/** Removes the pod with everything it left. A pod that is gone is not an error. */
export async function removeFromSet(work: Work, name: string, uuid: string): Promise<void> {
  await stopInSet(work, name, uuid, 'no longer wanted');
  await work.turn.take(() => removePod(work.store.root, uuid));
}

/** Only one earlier pod of each name is kept, so that endless restarts do not fill the disk. */
export async function forget({ store, turn }: Work, uuid: string | undefined): Promise<void> {
  if (uuid === undefined) return;
  try {
    await turn.take(() => removePod(store.root, uuid));
  } catch (error) {
    // pod gc tries again and reports the failure.
    if (!(error instanceof PodError || isRefusal(error))) throw error;
  }
}
