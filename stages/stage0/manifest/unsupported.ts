import type { Position } from '../error.ts';
import type { Outline } from './outline.ts';
import type { ManifestDocument } from './document.ts';

interface Unsupported {
  readonly field: string;
  readonly at: Position;
}

/** What is valid but has no machinery yet: running it is refused, and nothing is ever left out in silence. */
export function findUnsupported(document: ManifestDocument, outline: Outline): Unsupported[] {
  const found: Unsupported[] = [];
  const add = (pointer: string, field: string): void => void found.push({ field, at: document.atKey(pointer) });
  return found;
}
