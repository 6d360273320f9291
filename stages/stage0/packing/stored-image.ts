import { basename } from 'node:path';
import { PodError } from '../error.ts';
import { type Documents, hasDocuments, readDocuments } from '../image/documents.ts';
import { type ImageRecord, recall } from '../image/record.ts';
import { type Store, storeAt } from '../image/store.ts';

/** Says which image of which store; plain, so that another process can be told. */
export interface ImageTicket {
  readonly storeDir: string;
  /** Of the record. */
  readonly key: string;
  /** In full, for messages. */
  readonly ref: string;
  readonly digest: string;
}

/** An image that the store has whole. */
export interface StoredImage extends ImageRecord {
  readonly store: Store;
  readonly ref: string;
  readonly documents: Documents | undefined;
  /** There are some, whether they are the image's or not. */
  readonly isDocumented: boolean;
}

/** `attempt`: what for, as in "export". */
export function openStored({ storeDir, key, ref, digest }: ImageTicket, attempt: string): StoredImage {
  const store = storeAt(storeDir);
  const record = recall(store, key, digest);
  if (record) {
    const documents = readDocuments(store, key, digest);
    return { ...record, store, ref, documents, isDocumented: hasDocuments(store, key) };
  }
  throw new PodError('image/reference', `${attempt} "${ref}": layers of it are gone`, {
    hint: `pod image fetch ${ref} brings them back`,
  });
}

/** The name of a layer of the store; undefined for a directory that is used in place. */
export function layerName(store: Store, directory: string): string | undefined {
  return directory.startsWith(`${store.layers}/`) ? basename(directory) : undefined;
}
