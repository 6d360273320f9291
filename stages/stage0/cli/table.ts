import { STDOUT, type Style, type Terminal } from './terminal.ts';

export interface Cell {
  readonly text: string;
  readonly style?: Style | undefined;
}

export type Row = readonly (string | Cell)[];

/** Columns two spaces apart, as wide as their widest cell; the last one is not padded. */
export function renderTable(terminal: Terminal, header: readonly string[], rows: readonly Row[]): string {
  const cells = [header.map((text): Cell => ({ text, style: 'dim' })), ...rows.map((row) => row.map(toCell))];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => visibleWidth(row[column]?.text ?? ''))));
  return cells.map((row) => `${renderRow(terminal, row, widths)}\n`).join('');
}

function renderRow(terminal: Terminal, row: readonly Cell[], widths: readonly number[]): string {
  return row
    .map(({ text, style }, column) => {
      const padding = column === row.length - 1 ? '' : ' '.repeat(widths[column]! - visibleWidth(text));
      return (style ? terminal.paint(STDOUT, style, text) : text) + padding;
    })
    .join('  ')
    .trimEnd();
}

function toCell(cell: string | Cell): Cell {
  const { text, style } = typeof cell === 'string' ? { text: cell, style: undefined } : cell;
  return { text: printable(text), style };
}

/** Names and paths come from manifests; none of them may move the cursor. */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function visibleWidth(text: string): number {
  // One code point a column: nothing we print is wider, or a combination.
  return Array.from(text).length;
}

/** `3s`, `5m`, `2h`, `4d`: how long ago, in the largest unit that fits. */
export function age(fromMs: number, nowMs: number = Date.now()): string {
  const seconds = Math.max(0, Math.floor((nowMs - fromMs) / 1000));
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 2 * 3600) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 2 * 86400) return `${Math.floor(seconds / 3600)}h`;
  return `${Math.floor(seconds / 86400)}d`;
}
