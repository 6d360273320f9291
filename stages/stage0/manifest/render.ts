// Diagnostics as text for a terminal: the message, the line of the manifest, a caret under what is meant, a hint.

import type { Position } from '../error.ts';
import { type Diagnostic, type Diagnostics, listDiagnostics } from './diagnostics.ts';
import { printable } from './printable.ts';
import { renderExcerpt } from './render-excerpt.ts';

export interface RenderOptions {
  /** ANSI colours. */
  readonly color?: boolean;
  /** A manifest's text by the name its places carry; undefined shows no excerpt. */
  readonly textOf?: (file: string) => string | undefined;
}

const STYLES = { error: '1;31', warning: '1;33', hint: '36', place: '1' } as const;

/** One block a diagnostic, by place; ends with a line break unless there is nothing to say. */
export function renderText(diagnostics: Diagnostics, options: RenderOptions = {}): string {
  const lines = new LineCache(options.textOf);
  return listDiagnostics(diagnostics)
    .map((diagnostic) => renderOne(diagnostic, options.color === true, lines))
    .join('');
}

function renderOne({ severity, error }: Diagnostic, isColored: boolean, cache: LineCache): string {
  const paint = (style: keyof typeof STYLES, text: string): string =>
    isColored ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text;
  const { at, hint } = error;
  const place = at ? `${paint('place', printable(`${at.file}:${at.line}:${at.col}`))}: ` : '';
  const lines = [`${place}${paint(severity, severity)}: ${printable(error.message)} [${error.code}]`];
  const line = at && cache.lineAt(at);
  if (at && line !== undefined) {
    const { text, marker } = renderExcerpt(line, at.col);
    const number = String(at.line);
    lines.push(
      ` ${number} | ${text}`,
      ` ${' '.repeat(number.length)} | ${marker.padding}${paint(severity, marker.underline)}`,
    );
  }
  if (hint !== undefined) lines.push(`  ${paint('hint', 'hint')}: ${printable(hint)}`);
  return `${lines.join('\n')}\n`;
}

/** Splits each file once. */
class LineCache {
  readonly #textOf: ((file: string) => string | undefined) | undefined;
  readonly #lines = new Map<string, readonly string[] | undefined>();

  constructor(textOf: ((file: string) => string | undefined) | undefined) {
    this.#textOf = textOf;
  }

  lineAt({ file, line }: Position): string | undefined {
    if (!this.#lines.has(file))
      this.#lines.set(
        file,
        this.#textOf?.(file)
          ?.replace(/^\ufeff/, '')
          .split(/\r?\n/),
      );
    return this.#lines.get(file)?.[line - 1];
  }
}
