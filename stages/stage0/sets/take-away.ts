import { stopAndWait, killPod } from '../cli/control.ts';
import { PodError } from '../error.ts';
import { removePod } from '../gc/remove.ts';
import { isRefusal } from '../refusal.ts';
import type { Work } from './work.ts';

/** Stops the pod with its own grace periods, if it runs. What it leaves stays until pod gc. */
export async function stopInSet({ store, emit }: Work, name: string, uuid: string, reason: string): Promise<void> {
  const pod = store.locate(uuid);
  if (pod?.state !== 'run') return;
  emit({ e: 'pod-stopping', pod: name, uuid, reason });
  try {
    await stopAndWait(store, pod, undefined);
  } catch (error) {
    // It ended by itself before it was asked, or its init answers nobody.
    if (!(error instanceof PodError)) throw error;
    const now = store.locate(uuid);
    if (now) await killPod(store, now);
  }
  emit({ e: 'pod-stopped', pod: name, uuid });
}

/** With all it left. A pod that is gone is no error. */
export async function removeFromSet(work: Work, name: string, uuid: string): Promise<void> {
  await stopInSet(work, name, uuid, 'no longer wanted');
  await work.turn.take(() => removePod(work.store.root, uuid));
}

/** Of the pods that had a name before, one is kept: restarts without end must not fill the disk. */
export async function forget({ store, turn }: Work, uuid: string | undefined): Promise<void> {
  if (uuid === undefined) return;
  try {
    await turn.take(() => removePod(store.root, uuid));
  } catch (error) {
    // pod gc tries it again, and says why it fails.
    if (!(error instanceof PodError || isRefusal(error))) throw error;
  }
}
