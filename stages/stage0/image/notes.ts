import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { replaceFile, type Store, storeFailure } from './store.ts';

/**
 * What a layer's directory cannot say of itself, and overlayfs would get wrong where it lies upon others. Paths are relative, one
 * character a byte.
 */
export interface LayerNotes {
  /** Nothing of lower layers is seen. Overlayfs obeys no such mark on a root. */
  readonly isOpaque: boolean;
  /** Directories that entries lie in but none describes. */
  readonly implicit: readonly string[];
  /** Directories with whiteouts in them. */
  readonly hiding: readonly string[];
  /** Of all owners and groups. */
  readonly highestId: number;
}

/** Before the layer is published: one without notes has nothing to tell. */
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

/** The highest number that anything in these layers belongs to. */
export function highestIdOf(store: Store, layers: readonly string[]): number {
  return Math.max(0, ...layers.map((layer) => readNotes(store, basename(layer))?.highestId ?? 0));
}

function pathOf(store: Store, hex: string): string {
  return `${store.notes}/${hex}.json`;
}
