const HEADINGS = ['measure', 'ours', 'peer', '', 'ratio', 'bar', 'verdict'];

/** The rows as aligned text. */
export function formatTable(rows) {
  const cells = [HEADINGS, ...rows.map(cellsOf)];
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cellsOf(row) {
  return [
    `${row.measure}: ${row.subject}`,
    amount(row.ours, row.unit),
    row.peerName,
    row.peerName === '' ? '' : amount(row.peer, row.unit),
    row.ratio === undefined ? '' : row.ratio.toFixed(2),
    row.bar,
    row.verdict,
  ];
}

function amount(value, unit) {
  if (value === undefined) return '–';
  return `${value.toFixed(value < 100 ? 2 : 0)} ${unit}`;
}
