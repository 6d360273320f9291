import { readFileSync } from 'node:fs';
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
}

/** Written before the layer is published; a layer without notes has nothing special. */
export function writeNotes(store: Store, hex: string, notes: LayerNotes): void {
  const { isOpaque, implicit, hiding, highestId } = notes;
  if (!isOpaque && implicit.length === 0 && hiding.length === 0 && highestId === 0) return;
  replaceFile(store, pathOf(store, hex), JSON.stringify(notes));
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
