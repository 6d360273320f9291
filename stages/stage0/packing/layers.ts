import { readNotes } from '../image/notes.ts';
import type { ImageMount } from '../image/types.ts';
import type { LayerForm } from './archive-form.ts';
import { layerName, type StoredImage } from './stored-image.ts';

/** A directory that becomes a layer of an archive. */
export interface PackableLayer extends LayerForm {
  readonly directory: string;
  /** It is none of the store's. */
  readonly isInPlace: boolean;
  /** Where its files are in the image: `.`, or `./usr`. */
  readonly prefix: string;
  /** Uncompressed, in the image it comes from; undefined when it comes from none. */
  readonly diffId: string | undefined;
  readonly label: string;
}

/** Lowest first. */
export function packableLayers(image: StoredImage): PackableLayer[] {
  return image.mounts.flatMap((mount) => mount.layers.flatMap((directory) => packable(image, mount, directory) ?? []));
}

function packable({ store, ref }: StoredImage, { target }: ImageMount, directory: string): PackableLayer | undefined {
  const name = layerName(store, directory);
  const notes = name === undefined ? undefined : readNotes(store, name);
  // One that the store has added to put directories right; whoever unpacks the others does so too. That of the host is its only one.
  if (name !== undefined && notes === undefined && ref !== 'host') return undefined;
  return {
    directory,
    isInPlace: name === undefined,
    prefix: target === '/' ? '.' : `.${target}`,
    isOpaque: notes?.isOpaque ?? false,
    implicit: new Set(notes?.implicit),
    diffId: notes && name !== undefined ? `sha256:${name}` : undefined,
    label: name === undefined ? `"${directory}"` : `"${ref}", layer ${name.slice(0, 12)}`,
  };
}
