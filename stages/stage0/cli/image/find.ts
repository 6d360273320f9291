import { PodError } from '../../error.ts';
import { listImages, refOf } from '../../image/catalog.ts';
import { parseReference } from '../../image/reference.ts';
import { keyOf } from '../../image/resolve.ts';
import { type Store, storeAt } from '../../image/store.ts';
import { imagesDir } from '../../pod/layout.ts';
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

export function noSuchImage({ store, key }: FoundImage, ref: string, attempt: string): PodError {
  const refs = listImages(store).map((image) => image.ref);
  const near = nearest(refOf(key), refs);
  return new PodError('image/reference', `${attempt} "${ref}": the store has no such image`, {
    hint: near === undefined ? 'pod image ls lists what is there' : `did you mean "${near}"?`,
  });
}
