import { type ImageRecord, registryKey, remember } from '../record.ts';
import type { Store } from '../store.ts';
import type { RegistryName } from './name.ts';
import { type PullOptions, resolveRegistry } from './pull.ts';

/**
 * Fetches the image from its registry, whether or not the store has it. Remembers it by its tag, or by its digest where that was
 * given, by the reference or by a lock: the tag may stand for another image by now.
 */
export async function fetchImage(name: RegistryName, store: Store, options: PullOptions): Promise<ImageRecord> {
  const digest = name.digest ?? options.digest;
  const wanted = digest === undefined ? name : { ...name, digest };
  const { digest: found, config, layers } = await resolveRegistry(wanted, store, options);
  const image = { digest: found, config, mounts: [{ target: '/', layers }] };
  remember(store, registryKey(wanted), {}, image);
  return image;
}
