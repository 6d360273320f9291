import type { Graph } from './graph.ts';

const WIDEST = 72;

/** Command lines and values of isolators may be long. */
export function shorten(line: string): string {
  const plain = line.replace(/[\s\p{Cc}]+/gu, ' ');
  return plain.length > WIDEST ? `${plain.slice(0, WIDEST - 1)}…` : plain;
}

/** https://graphviz.org/doc/info/lang.html */
export function renderDot({ groups, edges }: Graph): string {
  const quote = (text: string): string => `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
  const label = (lines: readonly string[]): string =>
    `${lines.map((line) => quote(shorten(line)).slice(1, -1)).join('\\l')}\\l`;
  const out = ['digraph pod {', '  rankdir=LR', '  node [shape=box fontname=monospace]', '  edge [fontname=monospace]'];
  for (const { id, title, columns } of groups) {
    out.push(`  subgraph ${quote(`cluster ${id}`)} {`, `    label=${quote(shorten(title))}`);
    for (const box of columns.flat()) out.push(`    ${quote(box.id)} [label="${label(box.lines)}"]`);
    out.push('  }');
  }
  for (const { from, to, label: text, isOrder } of edges)
    out.push(`  ${quote(from)} -> ${quote(to)} [label=${quote(shorten(text))}${isOrder ? ' style=dashed' : ''}]`);
  return `${out.join('\n')}\n}\n`;
}

/** https://mermaid.js.org/syntax/flowchart.html */
export function renderMermaid({ groups, edges }: Graph): string {
  // Of its own names, and of HTML.
  const escape = (text: string): string => shorten(text).replace(/[#"<>&]/g, (char) => `#${char.charCodeAt(0)};`);
  const names = new Map(groups.flatMap(({ columns }) => columns.flat()).map(({ id }, index) => [id, `n${index}`]));
  const out = ['flowchart LR'];
  for (const { id, title, columns } of groups) {
    out.push(`  subgraph ${id} ["${escape(title)}"]`);
    for (const box of columns.flat()) out.push(`    ${names.get(box.id)}["${box.lines.map(escape).join('<br/>')}"]`);
    out.push('  end');
  }
  for (const { from, to, label, isOrder } of edges) {
    const text = label === '' ? '' : `|"${escape(label)}"|`;
    out.push(`  ${names.get(from)} ${isOrder ? '-.->' : '-->'}${text} ${names.get(to)}`);
  }
  return `${out.join('\n')}\n`;
}
