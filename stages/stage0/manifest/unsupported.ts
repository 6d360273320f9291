import type { Position } from '../error.ts';
import type { Outline, OutlineApp } from './outline.ts';
import { join } from './pointer.ts';
import type { ManifestDocument } from './document.ts';

interface Unsupported {
  readonly field: string;
  readonly at: Position;
}

/** What is valid but has no machinery yet: running it is refused, and nothing is ever left out in silence. */
export function findUnsupported(document: ManifestDocument, outline: Outline): Unsupported[] {
  const found: Unsupported[] = [];
  const add = (pointer: string, field: string): void => void found.push({ field, at: document.atKey(pointer) });
  if (outline.networkMode.startsWith('cni:')) add('/network/mode', `network mode ${outline.networkMode}`);
  for (const app of outline.apps) addOfApp(app, add);
  return found;
}

function addOfApp(app: OutlineApp, add: (pointer: string, field: string) => void): void {
  const { pointer } = app;
  if (app.image?.startsWith('aci:') === true) add(join(pointer, 'image'), 'image aci:');
}
