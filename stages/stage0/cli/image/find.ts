import { PodError } from '../../error.ts';
import { listImages, refOf, type StoredImage } from '../../image/catalog.ts';
import { parseReference } from '../../image/reference.ts';
import { keyOf } from '../../image/resolve.ts';
import { type Store, storeAt } from '../../image/store.ts';
import { imagesDir } from '../../pod/layout.ts';
import type { ImageTicket } from '../../packing/stored-image.ts';
import { nearest } from '../../pod/nearest.ts';

export interface FoundImage {
  readonly store: Store;
  /** Of the record. */
  readonly key: string;
}

/** `ref` as in a manifest in the current directory. Whether the store has it is seen when it is used. */
export function findImage(root: string, ref: string): FoundImage {
  return { store: storeAt(imagesDir(root)), key: keyOf(parseReference(ref, process.cwd())) };
}

/** The same of one that the store must have. */
export function findStored(root: string, ref: string, attempt: string): FoundImage & { readonly image: StoredImage } {
  const found = findImage(root, ref);
  const name = refOf(found.key);
  const image = listImages(found.store).find((one) => one.ref === name);
  if (!image) throw noSuchImage(found, ref, attempt);
  return { ...found, image };
}

/** For whoever works with its files. */
export function ticketOf(root: string, ref: string, attempt: string): ImageTicket {
  const { key, image } = findStored(root, ref, attempt);
  return { storeDir: imagesDir(root), key, ref: image.ref, digest: image.digest };
}

export function noSuchImage({ store, key }: FoundImage, ref: string, attempt: string): PodError {
  const refs = listImages(store).map((image) => image.ref);
  const near = nearest(refOf(key), refs);
  return new PodError('image/reference', `${attempt} "${ref}": the store has no such image`, {
    hint: near === undefined ? 'pod image ls lists what is there' : `did you mean "${near}"?`,
  });
}

export function onlyRef([ref, more]: readonly string[]): string {
  if (ref === undefined) throw new PodError('cli/usage', 'REF is missing');
  if (more !== undefined) throw new PodError('cli/usage', `unexpected argument "${more}"`);
  return ref;
}
