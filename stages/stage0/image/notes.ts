import { readFileSync, rmSync } from 'node:fs';
import { basename } from 'node:path';
import { replaceFile, type Store, storeFailure } from './store.ts';

/**
 * Facts about a layer that its directory does not show, and that overlayfs would get wrong when the layer is on top of others.
 * Paths are relative, with one character for each byte.
 */
export interface LayerNotes {
  /** Hides everything in lower layers. Overlayfs ignores an opaque mark on a root. */
  readonly isOpaque: boolean;
  /** Directories that contain entries but have no entry of their own. */
  readonly implicit: readonly string[];
  /** Directories that contain whiteouts. */
  readonly hiding: readonly string[];
  /** The highest of all owner and group ids. */
  readonly highestId: number;
  /** Of the uncompressed archive; a layer of an earlier version does not say. */
  readonly sizeBytes?: number;
}

/** Written before the layer is published. */
export function writeNotes(store: Store, hex: string, notes: LayerNotes): void {
  replaceFile(store, pathOf(store, hex), JSON.stringify(notes));
}

/** Undefined when the layer does not say. Settled layers have no notes, and hold nothing but directories. */
export function sizeOfLayer(store: Store, hex: string): number | undefined {
  const notes = readNotes(store, hex);
  return notes ? notes.sizeBytes : 0;
}

/** Of a layer that is removed. */
export function removeNotes(store: Store, hex: string): void {
  rmSync(pathOf(store, hex), { force: true });
}

export function readNotes(store: Store, hex: string): LayerNotes | undefined {
  const path = pathOf(store, hex);
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as LayerNotes;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw storeFailure(`read "${path}"`, error);
  }
}

/** The highest owner or group id in these layers. */
export function highestIdOf(store: Store, layers: readonly string[]): number {
  return Math.max(0, ...layers.map((layer) => readNotes(store, basename(layer))?.highestId ?? 0));
}

function pathOf(store: Store, hex: string): string {
  return `${store.notes}/${hex}.json`;
}
