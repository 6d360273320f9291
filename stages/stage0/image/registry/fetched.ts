import { type ImageRecord, recall, registryKey } from '../record.ts';
import { readTrust, trustOf } from '../signing/trust-file.ts';
import type { Store } from '../store.ts';
import type { RegistryName } from './name.ts';

/**
 * What was fetched of the image, if it may be used: undefined when it has to be signed now, and is not known to be by a key that is
 * trusted now.
 */
export function recallFetched(store: Store, name: RegistryName, pinned: string | undefined): ImageRecord | undefined {
  const image = findFetched(store, name, pinned);
  return image && mayBeUsed(store, name, image) ? image : undefined;
}

function mayBeUsed(store: Store, name: RegistryName, { signedBy = [] }: ImageRecord): boolean {
  const trusted = trustOf(readTrust(store), name);
  return trusted === undefined || trusted.keys.some(({ id }) => signedBy.includes(id));
}

/** A digest, its own or a lock's, counts more than what the tag stood for: `pinned` is used when the reference has none. */
export function findFetched(store: Store, name: RegistryName, pinned: string | undefined): ImageRecord | undefined {
  const { digest = pinned, ...tagged } = name;
  const byTag = recall(store, registryKey(tagged));
  if (digest === undefined || byTag?.digest === digest) return byTag;
  return recall(store, registryKey({ ...tagged, digest }));
}
