import type { Sym, Text } from './program.ts';

/** The values of symbols in one start: text for C strings, a number or bytes for binary places. */
export type Bindings = Readonly<Record<string, string | number | bigint | Uint8Array>>;

/** Replaces the symbols in a text; an unbound symbol reads `$name`. */
export function renderText(text: Text, bindings: Bindings): string {
  if (typeof text === 'string') return text;
  return text
    .map((part) => (typeof part === 'string' ? part : String(bindings[part.name] ?? `$${part.name}`)))
    .join('');
}

/** A symbol's value as `size` little-endian bytes; zeroes when it is unbound. */
export function symbolBytes({ name, size }: Pick<Sym, 'name' | 'size'>, bindings: Bindings): Uint8Array {
  const value = bindings[name];
  const bytes = new Uint8Array(size);
  if (value === undefined) return bytes;
  const raw = value instanceof Uint8Array ? value : typeof value === 'string' ? Buffer.from(value) : undefined;
  if (raw) {
    if (raw.length > size) throw new Error(`symbol "${name}" has ${raw.length} bytes, room for ${size}`);
    bytes.set(raw);
  } else {
    let rest = BigInt.asUintN(64, BigInt(value as number | bigint));
    for (let i = 0; i < size; i++, rest >>= 8n) bytes[i] = Number(rest & 0xffn);
  }
  return bytes;
}
