import { type Bindings, renderText, symbolBytes } from './bindings.ts';
import { ALIGN, HEADER_AT, LIMITS } from './format.ts';
import type { Text } from './program.ts';

/** A place that depends on where a text of the template comes to lie: `addend` bytes behind its start. */
export type TextPlace = readonly [at: number, text: number, addend: number];

/**
 * A program as bytes, but for what a start binds. Texts with symbols differ in length from one start to the next, so they lie at
 * the end, behind all that has its place already. Plain data: it may be kept in a file.
 */
export interface Template {
  /** The tape up to the texts. */
  readonly bytes: Uint8Array;
  /** Where the data section begins. */
  readonly dataAt: number;
  readonly texts: readonly Text[];
  /** Arguments of ops, 64 bits. */
  readonly pointers: readonly TextPlace[];
  /** Targets of relocations, 32 bits. */
  readonly relocs: readonly TextPlace[];
  /** Arguments of ops, 64 bits: how many bytes a text has once it is bound. */
  readonly lengths: readonly (readonly [at: number, text: Text])[];
  readonly symbols: readonly (readonly [at: number, name: string, size: number])[];
}

/** The linker's last step: a tape that stage1 plays. An unbound symbol is `$name` in text and zeroes elsewhere. */
export function bindTemplate(template: Template, bindings: Bindings): Uint8Array {
  const texts = template.texts.map((text) => Buffer.from(`${renderText(text, bindings)}\0`));
  const offsets: number[] = [];
  let end = template.bytes.length - template.dataAt;
  for (const { length } of texts) {
    offsets.push(end);
    end = Math.ceil((end + length) / ALIGN) * ALIGN;
  }
  // The machine checks that a pointer leaves eight bytes.
  const size = template.dataAt + end + 2 * ALIGN;
  if (size > LIMITS.tapeBytes) throw new Error(`the tape has ${size} bytes, at most ${LIMITS.tapeBytes}`);
  const bytes = new Uint8Array(size);
  bytes.set(template.bytes);
  texts.forEach((text, i) => bytes.set(text, template.dataAt + offsets[i]!));
  patch(template, bytes, offsets, bindings);
  return bytes;
}

/** A process that starts one pod never has this compiled, where taking a tuple apart is a call for each of its members. */
function place(view: DataView, places: readonly TextPlace[], offsets: readonly number[]): void {
  for (let i = 0; i < places.length; i++) {
    const one = places[i]!;
    view.setUint32(one[0], offsets[one[1]]! + one[2], true);
  }
}

function patch(template: Template, bytes: Uint8Array, offsets: readonly number[], bindings: Bindings): void {
  const view = new DataView(bytes.buffer);
  view.setUint32(HEADER_AT.size, bytes.length, true);
  view.setUint32(HEADER_AT.dataBytes, bytes.length - template.dataAt, true);
  place(view, template.pointers, offsets);
  place(view, template.relocs, offsets);
  for (const [at, text] of template.lengths) view.setUint32(at, Buffer.byteLength(renderText(text, bindings)), true);
  for (const [at, name, size] of template.symbols) bytes.set(symbolBytes({ name, size }, bindings), at);
}
