import { claimName, nameOwner } from '../pod/names.ts';
import type { PodStore } from '../pod/store.ts';

/** As `claimName`, but waits for a pod that has just exited to give up the name. */
export async function takeName(
  store: PodStore,
  name: string,
  uuid: string,
  { replaces, signal }: { readonly replaces?: string | undefined; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  try {
    claimName(store, name, uuid, replaces);
  } catch (error) {
    const [{ outlast }, { hasEnded }] = await Promise.all([import('./outlast.ts'), import('../pod/wait.ts')]);
    const owner = nameOwner(store.root, name);
    if (owner === undefined || !(await outlast(store, owner, () => hasEnded(store, owner), signal))) throw error;
    claimName(store, name, uuid, replaces);
  }
}
