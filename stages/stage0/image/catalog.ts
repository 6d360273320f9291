import { readFileSync, rmSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { sizeOfLayer } from './notes.ts';
import { hashName, parseRecord } from './record.ts';
import { listDir, type Store, storeFailure } from './store.ts';
import type { ImageConfig } from './types.ts';

/** What a reference stands for in a store. */
export interface StoredImage {
  /** As a manifest would refer to it; paths are absolute. */
  readonly ref: string;
  readonly digest: string;
  /** When it was last fetched or read; RFC 3339, UTC. */
  readonly resolvedAt: string;
  /** Names of its layers in the store, lowest first; none for `dir:`. */
  readonly layers: readonly string[];
  readonly config: ImageConfig;
}

/** All that the store remembers, by reference. A damaged record counts as missing, as it does for those that run images. */
export function listImages(store: Store): StoredImage[] {
  return listDir(store.refs)
    .flatMap((name) => readImage(`${store.refs}/${name}`) ?? [])
    .toSorted((a, b) => (a.ref < b.ref ? -1 : 1));
}

function readImage(path: string): StoredImage | undefined {
  let text: string;
  let at: Date;
  try {
    text = readFileSync(path, 'utf8');
    at = statSync(path).mtime;
  } catch (error) {
    // Another process has just removed it.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw storeFailure(`read "${path}"`, error);
  }
  const record = parseRecord(text);
  if (record === undefined) return undefined;
  const { key, image } = record;
  const layers = image.mounts.flatMap((mount) => mount.layers.filter((layer) => layer.startsWith('./')));
  return {
    ref: refOf(key),
    digest: image.digest,
    resolvedAt: at.toISOString(),
    layers: layers.map((layer) => basename(layer)),
    config: image.config,
  };
}

/** The reference of a record's key, in full. */
export function refOf(key: string): string {
  const [, kind, place = '', tag = ''] = key.split('\0');
  if (kind === 'host') return 'host';
  if (kind === 'docker') return place;
  return `${kind}:${place}${tag === '' ? '' : `:${tag}`}`;
}

/** Bytes of the layers as archives; undefined when one of them does not say. */
export function sizeOf(store: Store, layers: readonly string[]): number | undefined {
  let bytes = 0;
  for (const layer of layers) {
    const size = sizeOfLayer(store, layer);
    if (size === undefined) return undefined;
    bytes += size;
  }
  return bytes;
}

/** Returns false when there is no such reference. Its layers stay. */
export function forgetImage(store: Store, key: string): boolean {
  const name = `${hashName(key)}.json`;
  if (!listDir(store.refs).includes(name)) return false;
  rmSync(`${store.refs}/${name}`, { force: true });
  // `documents.ts` names them so; it loads node:crypto, which listing images does without.
  rmSync(`${store.documents}/${name}`, { force: true });
  return true;
}

export function layersIn(store: Store): string[] {
  return listDir(store.layers);
}
