import type { Bytes, DataItem, DataRef, Program, Sym, Text } from './program.ts';

/** What symbols stand for in one start: text for C strings, a number or bytes for binary places. */
export type Bindings = Readonly<Record<string, string | number | bigint | Uint8Array>>;

export interface DataSection {
  readonly bytes: Uint8Array;
  /** Where each item begins. */
  readonly offsets: readonly number[];
  /** Pairs of offsets: where a pointer is stored, and what it points to. */
  readonly relocs: readonly (readonly [at: number, target: number])[];
}

/** Room behind every item: the machine checks that a pointer leaves eight bytes. */
const ALIGN = 8;

/** Text with its symbols put in; an unbound symbol reads `$name`. */
export function renderText(text: Text, bindings: Bindings): string {
  if (typeof text === 'string') return text;
  return text
    .map((part) => (typeof part === 'string' ? part : String(bindings[part.name] ?? `$${part.name}`)))
    .join('');
}

/** A symbol's value in `size` little-endian bytes; zeroes while it is unbound. */
export function symbolBytes(symbol: Sym, bindings: Bindings): Uint8Array {
  const value = bindings[symbol.name];
  const bytes = new Uint8Array(symbol.size);
  if (value === undefined) return bytes;
  const raw = value instanceof Uint8Array ? value : typeof value === 'string' ? Buffer.from(value) : undefined;
  if (raw) {
    if (raw.length > symbol.size)
      throw new Error(`symbol "${symbol.name}" has ${raw.length} bytes, room for ${symbol.size}`);
    bytes.set(raw);
  } else {
    let rest = BigInt.asUintN(64, BigInt(value as number | bigint));
    for (let i = 0; i < symbol.size; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  }
  return bytes;
}

function sizeOfPart(part: Uint8Array | Sym | DataRef): number {
  if (part instanceof Uint8Array) return part.length;
  return part.kind === 'sym' ? part.size : 8;
}

function partsOf(bytes: Bytes): readonly (Uint8Array | Sym | DataRef)[] {
  return bytes instanceof Uint8Array ? [bytes] : bytes;
}

function encodeItem(item: DataItem, bindings: Bindings): Uint8Array | number {
  switch (item.kind) {
    case 'text':
      return Buffer.from(`${renderText(item.text, bindings)}\0`);
    case 'buffer':
      return item.size;
    case 'bytes':
      return partsOf(item.parts).reduce((sum, part) => sum + sizeOfPart(part), 0);
  }
}

function fillBytes(
  target: Uint8Array,
  at: number,
  item: DataItem,
  offsets: readonly number[],
  bindings: Bindings,
): [number, number][] {
  if (item.kind !== 'bytes') return [];
  const relocs: [number, number][] = [];
  for (const part of partsOf(item.parts)) {
    if (part instanceof Uint8Array) target.set(part, at);
    else if (part.kind === 'sym') target.set(symbolBytes(part, bindings), at);
    else {
      if (at % 8 !== 0) throw new Error('a pointer in binary data must lie on a multiple of 8');
      relocs.push([at, offsets[part.item]! + part.offset]);
    }
    at += sizeOfPart(part);
  }
  return relocs;
}

/** Lays all items out, eight bytes aligned, zeroes at the end. */
export function layOutData(program: Program, bindings: Bindings): DataSection {
  const offsets: number[] = [];
  const encoded = program.data.map((item) => encodeItem(item, bindings));
  let size = 0;
  for (const item of encoded) {
    offsets.push(size);
    const length = typeof item === 'number' ? item : item.length;
    size = Math.ceil((size + length) / ALIGN) * ALIGN;
  }
  const bytes = new Uint8Array(size + 2 * ALIGN);
  const relocs: [number, number][] = [];
  encoded.forEach((item, i) => {
    if (typeof item !== 'number') bytes.set(item, offsets[i]!);
    else relocs.push(...fillBytes(bytes, offsets[i]!, program.data[i]!, offsets, bindings));
  });
  return { bytes, offsets, relocs };
}
