import { printable } from './printable.ts';

export interface Excerpt {
  readonly text: string;
  readonly marker: { readonly padding: string; readonly underline: string };
}

/** Wider lines are cut around the place. */
const MAX_WIDTH = 120;
const CONTEXT_BEFORE = 60;

/** A line, and what goes below it so that the caret stands under column `col`, which counts from 1. */
export function renderExcerpt(line: string, col: number): Excerpt {
  const cut = cutAround(line, Math.min(col - 1, line.length));
  const before = cut.text.slice(0, cut.index);
  const length = Math.min(tokenLength(cut.text.slice(cut.index)), cut.text.length - cut.index);
  const marked = cut.text.slice(cut.index, cut.index + length);
  return {
    text: printable(cut.text),
    // Tabs stay tabs: the terminal gives them the same width on both lines.
    marker: { padding: blanks(before), underline: `^${'~'.repeat(Math.max(0, widthOf(marked) - 1))}` },
  };
}

function cutAround(line: string, index: number): { text: string; index: number } {
  if (line.length <= MAX_WIDTH) return { text: line, index };
  const start = Math.max(0, index - CONTEXT_BEFORE);
  const end = Math.min(line.length, start + MAX_WIDTH);
  const head = start > 0 ? '…' : '';
  return {
    text: `${head}${line.slice(start, end)}${end < line.length ? '…' : ''}`,
    index: index - start + head.length,
  };
}

const QUOTED = /^(?:"(?:[^"\\]|\\.)*"|'(?:[^']|'')*')/;
/** An indicator, an alias or a tag ends with the word. */
const WORD = /^(?:[-?:](?=\s|$)|[&*!|>%@`][^\s,[\]{}]*)/;
/** Blanks are in it, not at its end; a colon or a number sign ends it only beside one. */
const PLAIN = /^(?:[^\s,[\]{}:#]|:(?!\s|$)|(?<=\S)#|[ \t]+(?![\s#]|$))+/;

/** The YAML token at the start of the text: a quoted text, or a plain one as far as it looks the same in lists and outside. */
function tokenLength(text: string): number {
  const [token = ''] = QUOTED.exec(text) ?? WORD.exec(text) ?? PLAIN.exec(text) ?? [];
  return token.trimEnd().length;
}

function blanks(text: string): string {
  return Array.from(text, (char) => (char === '\t' ? '\t' : ' '.repeat(charWidth(char)))).join('');
}

function widthOf(text: string): number {
  return Array.from(text, charWidth).reduce<number>((sum, width) => sum + width, 0);
}

/** Columns a terminal gives a character: none for combining ones, two for East Asian wide ones and emoji. */
function charWidth(char: string): number {
  if (/\p{Mn}|\p{Me}|\u200d|\ufe0f/u.test(char)) return 0;
  return WIDE.test(char) ? 2 : 1;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;
