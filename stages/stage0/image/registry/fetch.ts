import { keepDocuments } from '../documents.ts';
import { type ImageRecord, registryKey, remember } from '../record.ts';
import type { Store } from '../store.ts';
import { findFetched } from './fetched.ts';
import type { RegistryName } from './name.ts';
import { type PullOptions, resolveRegistry } from './pull.ts';

/**
 * Fetches the image from its registry, whether or not the store has it. Remembers it by its tag, or by its digest where that was
 * given, by the reference or by a lock: the tag may stand for another image by now.
 */
export async function fetchImage(name: RegistryName, store: Store, options: PullOptions): Promise<ImageRecord> {
  const digest = name.digest ?? options.digest;
  const asked = digest === undefined ? name : { ...name, digest };
  // What is here and not known to be signed stays what it is: only its signature is asked for, and what is missing of it.
  const here = options.asksRegistry === true ? undefined : findFetched(store, name, options.digest);
  const wanted = here === undefined ? asked : { ...name, digest: here.digest };
  const { layers, documents, ...found } = await resolveRegistry(wanted, asked, store, options);
  const image = { ...found, mounts: [{ target: '/', layers }] };
  const key = registryKey(asked);
  keepDocuments(store, key, documents);
  remember(store, key, {}, image);
  return image;
}
