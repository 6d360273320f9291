import { type Bindings, renderText, symbolBytes } from './bindings.ts';
import { ALIGN, HEADER_AT, LIMITS } from './format.ts';
import type { Text } from './program.ts';

/** A location whose value depends on where a text of the template is placed: `addend` bytes after the text's start. */
export type TextPlace = readonly [at: number, text: number, addend: number];

/**
 * A program as bytes, except for the values that a start binds. Texts with symbols vary in length from one start to the next, so
 * they are placed at the end, after everything that has a fixed place. Plain data, so it can be stored in a file.
 */
export interface Template {
  /** The tape, without the texts at its end. */
  readonly bytes: Uint8Array;
  /** Offset of the data section. */
  readonly dataAt: number;
  readonly texts: readonly Text[];
  /** 64-bit arguments of ops. */
  readonly pointers: readonly TextPlace[];
  /** 32-bit targets of relocations. */
  readonly relocs: readonly TextPlace[];
  /** 64-bit arguments of ops: the length in bytes of a text once it is bound. */
  readonly lengths: readonly (readonly [at: number, text: Text])[];
  readonly symbols: readonly (readonly [at: number, name: string, size: number])[];
}

/** The linker's last step: produces a tape that stage1 plays. An unbound symbol is `$name` in text and zeroes elsewhere. */
export function bindTemplate(template: Template, bindings: Bindings): Uint8Array {
  const texts = template.texts.map((text) => Buffer.from(`${renderText(text, bindings)}\0`));
  const offsets: number[] = [];
  let end = template.bytes.length - template.dataAt;
  for (const { length } of texts) {
    offsets.push(end);
    end = Math.ceil((end + length) / ALIGN) * ALIGN;
  }
  // The machine checks that a pointer is followed by at least eight bytes.
  const size = template.dataAt + end + 2 * ALIGN;
  if (size > LIMITS.tapeBytes) throw new Error(`the tape has ${size} bytes, at most ${LIMITS.tapeBytes}`);
  const bytes = new Uint8Array(size);
  bytes.set(template.bytes);
  texts.forEach((text, i) => bytes.set(text, template.dataAt + offsets[i]!));
  patch(template, bytes, offsets, bindings);
  return bytes;
}

/**
 * Indexed access on purpose: a process that starts one pod never gets this code compiled, and uncompiled destructuring of a tuple
 * costs a call for each of its members.
 */
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
