const CONTEXT = 3;
/** Above this number of line pairs the middle is shown as replaced, because the table would take seconds and gigabytes. */
const MAX_CELLS = 4_000_000;

interface Line {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

/** The output of diff(1) -u without file names; empty when there is no difference. */
export function unifiedDiff(before: readonly string[], after: readonly string[]): string[] {
  const lines = compareLines(before, after);
  return hunksOf(lines).flatMap(({ from, to }) => [
    headOf(lines, from, to),
    ...lines.slice(from, to).map(({ sign, text }) => sign + text),
  ]);
}

function compareLines(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end) === after.at(-1 - end)) end++;
  const same = (text: string): Line => ({ sign: ' ', text });
  return [
    ...before.slice(0, start).map(same),
    ...compareMiddle(before.slice(start, before.length - end), after.slice(start, after.length - end)),
    ...before.slice(before.length - end).map(same),
  ];
}

/** The longest common subsequence, by the standard table. */
function compareMiddle(before: readonly string[], after: readonly string[]): Line[] {
  const [rows, columns] = [before.length, after.length];
  if (rows * columns > MAX_CELLS) return [...before.map(gone), ...after.map(come)];
  const width = columns + 1;
  const lengths = new Uint32Array((rows + 1) * width);
  const at = (row: number, column: number): number => lengths[row * width + column]!;
  for (let row = rows - 1; row >= 0; row--) {
    for (let column = columns - 1; column >= 0; column--) {
      const isSame = before[row] === after[column];
      lengths[row * width + column] = isSame
        ? at(row + 1, column + 1) + 1
        : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: Line[] = [];
  let [row, column] = [0, 0];
  while (row < rows && column < columns) {
    if (before[row] === after[column]) {
      lines.push({ sign: ' ', text: before[row]! });
      row++;
      column++;
    } else if (at(row + 1, column) >= at(row, column + 1)) lines.push(gone(before[row++]!));
    else lines.push(come(after[column++]!));
  }
  return [...lines, ...before.slice(row).map(gone), ...after.slice(column).map(come)];
}

function gone(text: string): Line {
  return { sign: '-', text };
}

function come(text: string): Line {
  return { sign: '+', text };
}

interface Hunk {
  readonly from: number;
  readonly to: number;
}

/** Differences with their context; nearby differences are merged. */
function hunksOf(lines: readonly Line[]): Hunk[] {
  const hunks: { from: number; to: number }[] = [];
  for (const [index, { sign }] of lines.entries()) {
    if (sign === ' ') continue;
    const [from, to] = [Math.max(0, index - CONTEXT), Math.min(lines.length, index + CONTEXT + 1)];
    const last = hunks.at(-1);
    if (last && from <= last.to) last.to = to;
    else hunks.push({ from, to });
  }
  return hunks;
}

function headOf(lines: readonly Line[], from: number, to: number): string {
  const count = (part: readonly Line[], but: string): number => part.filter(({ sign }) => sign !== but).length;
  const range = (but: string): string => {
    const length = count(lines.slice(from, to), but);
    // The position of an empty range is that of the line before it.
    return `${count(lines.slice(0, from), but) + (length === 0 ? 0 : 1)},${length}`;
  };
  return `@@ -${range('+')} +${range('-')} @@`;
}
