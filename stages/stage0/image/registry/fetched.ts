import { type ImageRecord, recall, registryKey } from '../record.ts';
import type { Store } from '../store.ts';
import type { RegistryName } from './name.ts';

/**
 * What was fetched of the image. A digest, its own or a lock's, counts more than what the tag stood for: `pinned` is used when the
 * reference has none.
 */
export function recallFetched(store: Store, name: RegistryName, pinned: string | undefined): ImageRecord | undefined {
  const { digest = pinned, ...tagged } = name;
  const byTag = recall(store, registryKey(tagged));
  if (digest === undefined || byTag?.digest === digest) return byTag;
  return recall(store, registryKey({ ...tagged, digest }));
}
