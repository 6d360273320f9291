import { PodError } from '../error.ts';
import type { PodStore } from '../pod/store.ts';
import { isRefusal } from '../refusal.ts';

/** Whoever notices that a pod died without its monitor puts it in order. For one that its monitor saw end this costs a look. */
export async function buryIfLeft(store: PodStore, uuid: string): Promise<void> {
  if (store.locate(uuid)?.state !== 'run') return;
  const { buryDead } = await import('../gc/bury.ts');
  try {
    await buryDead(store, uuid);
  } catch (error) {
    // What cannot be given back is no answer to what was asked; pod gc tries it again and says so.
    if (!(error instanceof PodError || isRefusal(error))) throw error;
  }
}
