import { renderText } from './bindings.ts';
import { ALIGN } from './format.ts';
import type { Bytes, DataItem, DataRef, Program, Sym, Text } from './program.ts';

/**
 * The position of an item: an offset, or an index among the texts with symbols, which are placed after everything else when they
 * are bound.
 */
export type Place = { readonly offset: number } | { readonly text: number };

export interface DataSection {
  /** All items except the texts with symbols, aligned to eight bytes. Symbols are zeroes. */
  readonly bytes: Uint8Array;
  /** Places by item. */
  readonly places: readonly Place[];
  readonly texts: readonly Text[];
  /** Where a pointer is stored, and what it points to. */
  readonly pointers: readonly (readonly [at: number, target: DataRef])[];
  readonly symbols: readonly (readonly [at: number, symbol: Sym])[];
}

export function hasSymbols(text: Text): boolean {
  return typeof text !== 'string' && text.some((part) => typeof part !== 'string');
}

function sizeOfPart(part: Uint8Array | Sym | DataRef): number {
  if (part instanceof Uint8Array) return part.length;
  return part.kind === 'sym' ? part.size : 8;
}

function partsOf(bytes: Bytes): readonly (Uint8Array | Sym | DataRef)[] {
  return bytes instanceof Uint8Array ? [bytes] : bytes;
}

function sizeOfItem(item: DataItem): number {
  switch (item.kind) {
    case 'text':
      return Buffer.byteLength(renderText(item.text, {})) + 1;
    case 'buffer':
      return item.size;
    case 'bytes':
      return partsOf(item.parts).reduce((sum, part) => sum + sizeOfPart(part), 0);
  }
}

/** Assigns every item a place. `size` is the total size of the items that have an offset. */
function placeItems(items: readonly DataItem[]): { places: Place[]; texts: Text[]; size: number } {
  const places: Place[] = [];
  const texts: Text[] = [];
  let size = 0;
  for (const item of items) {
    if (item.kind === 'text' && hasSymbols(item.text)) {
      places.push({ text: texts.length });
      texts.push(item.text);
    } else {
      places.push({ offset: size });
      size = Math.ceil((size + sizeOfItem(item)) / ALIGN) * ALIGN;
    }
  }
  return { places, texts, size };
}

/** Lays out all items. Texts with symbols are placed when they are bound. */
export function layOutData(program: Program): DataSection {
  const { places, texts, size } = placeItems(program.data);
  const bytes = new Uint8Array(size);
  const pointers: [number, DataRef][] = [];
  const symbols: [number, Sym][] = [];
  const fill = (parts: Bytes, start: number): void => {
    let at = start;
    for (const part of partsOf(parts)) {
      if (part instanceof Uint8Array) bytes.set(part, at);
      else if (part.kind === 'sym') symbols.push([at, part]);
      else if (at % 8 === 0) pointers.push([at, part]);
      else throw new Error('a pointer in binary data must lie on a multiple of 8');
      at += sizeOfPart(part);
    }
  };
  program.data.forEach((item, i) => {
    const place = places[i]!;
    if ('text' in place) return;
    if (item.kind === 'text') bytes.set(Buffer.from(renderText(item.text, {})), place.offset);
    else if (item.kind === 'bytes') fill(item.parts, place.offset);
  });
  return { bytes, places, texts, pointers, symbols };
}
