import { listImages, sizeOf, type StoredImage } from '../../image/catalog.ts';
import { storeAt } from '../../image/store.ts';
import { imagesDir } from '../../pod/layout.ts';
import { readRecordIfReadable } from '../../pod/record.ts';
import { PodStore } from '../../pod/store.ts';

/** An image as the verbs show it. */
export interface ListedImage {
  readonly ref: string;
  readonly digest: string;
  readonly resolvedAt: string;
  /** Of the unpacked layers; null when it is not known. Images that share layers count them once each. */
  readonly sizeBytes: number | null;
  readonly layers: readonly string[];
  /** Names of the pods that were made from it, whatever their state is. */
  readonly pods: readonly string[];
}

export function listedImages(root: string): ListedImage[] {
  const users = podsByImage(root);
  return listImages(storeAt(imagesDir(root))).map((image) => describe(root, image, users));
}

function describe(root: string, image: StoredImage, users: ReadonlyMap<string, readonly string[]>): ListedImage {
  const { ref, digest, resolvedAt, layers } = image;
  const isElsewhere = ref.startsWith('dir:') || ref === 'host';
  return {
    ref,
    digest,
    resolvedAt,
    sizeBytes: isElsewhere ? null : (sizeOf(storeAt(imagesDir(root)), layers) ?? null),
    layers,
    pods: users.get(digest) ?? [],
  };
}

function podsByImage(root: string): Map<string, string[]> {
  const users = new Map<string, string[]>();
  for (const { path, state } of new PodStore(root).list()) {
    const record = state === 'garbage' ? undefined : readRecordIfReadable(path);
    for (const digest of new Set(record?.apps.map(({ image }) => image.digest))) {
      users.set(digest, [...(users.get(digest) ?? []), record!.name].toSorted());
    }
  }
  return users;
}
