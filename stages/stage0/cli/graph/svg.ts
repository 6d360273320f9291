import type { Box, Edge, Graph, Group } from './graph.ts';
import { shorten } from './text.ts';

/** Pixels. A character of a monospaced font is 0.6 of its size wide. */
const FONT = 12;
const CHARACTER = FONT * 0.6;
const LINE = 16;
const PADDING = 8;
const GAP = 24;
/** Between columns, for the edges and what is written on them. */
const CHANNEL = 150;
const TITLE = 28;

interface Place {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** https://www.w3.org/TR/SVG11/: columns from left to right, the boxes of each below each other. */
export function renderSvg({ groups, edges }: Graph): string {
  const places = new Map<string, Place>();
  const frames: string[] = [];
  let x = GAP;
  let bottom = 0;
  for (const group of groups) {
    const frame = placeGroup(group, x, places);
    frames.push(rect(frame, 'group'), text(frame.x + PADDING, frame.y + LINE, group.title, 'title'));
    x = frame.x + frame.width + CHANNEL;
    bottom = Math.max(bottom, frame.y + frame.height);
  }
  const boxes = groups.flatMap(({ columns }) => columns.flat()).map((box) => drawBox(box, places.get(box.id)!));
  const [width, height] = [x - CHANNEL + GAP + CHANNEL / 2, bottom + GAP];
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
${STYLE}
${frames.join('\n')}
${edges.map((edge) => drawEdge(edge, edges, places)).join('\n')}
${boxes.join('\n')}
</svg>
`;
}

const STYLE = `<style>
  svg { background: white } text { font: ${FONT}px monospace; fill: #222 } .title, .name { font-weight: bold }
  rect { fill: white; stroke: #555 } .group { fill: #f4f6f8; stroke: #aab } path { fill: none; stroke: #678 }
  .order { stroke-dasharray: 5 4 } .label { fill: #456; font-size: ${FONT - 2}px }
</style>`;

function placeGroup({ title, columns }: Group, x: number, places: Map<string, Place>): Place {
  const y = GAP;
  let right = x + GAP;
  let bottom = y + TITLE;
  columns.forEach((column, index) => {
    if (index > 0) right += CHANNEL;
    let top = y + TITLE + GAP / 2;
    const width = Math.max(0, ...column.map(widthOf));
    for (const box of column) {
      const height = box.lines.length * LINE + 2 * PADDING;
      places.set(box.id, { x: right, y: top, width, height });
      top += height + GAP;
    }
    right += width;
    bottom = Math.max(bottom, top);
  });
  const width = Math.max(right - x + GAP, shorten(title).length * CHARACTER + 2 * PADDING);
  return { x, y, width: Math.ceil(width), height: bottom - y };
}

function widthOf({ lines }: Box): number {
  return Math.ceil(Math.max(...lines.map((line) => shorten(line).length)) * CHARACTER) + 2 * PADDING;
}

function drawBox({ lines }: Box, place: Place): string {
  const drawn = lines.map((line, index) =>
    text(place.x + PADDING, place.y + PADDING + FONT + index * LINE, line, index === 0 ? 'name' : ''),
  );
  return [rect(place), ...drawn].join('\n');
}

/** From the right side of one to the left side of the other; in one column around the right sides of both. */
function drawEdge(edge: Edge, edges: readonly Edge[], places: ReadonlyMap<string, Place>): string {
  const { from, to, label, isOrder } = edge;
  const [a, b] = [places.get(from)!, places.get(to)!];
  const isAside = a.x === b.x;
  const [x1, y1] = [a.x + a.width, heightOf(edge, a, beside(edges, edge, 'from', places))];
  const [x2, y2] = [isAside ? b.x + b.width : b.x, heightOf(edge, b, beside(edges, edge, 'to', places))];
  const bend = isAside ? CHANNEL / 2 : (x2 - x1) / 2;
  const curve = `M ${x1} ${y1} C ${x1 + bend} ${y1}, ${isAside ? x2 + bend : x2 - bend} ${y2}, ${x2} ${y2}`;
  const path = `<path d="${curve}"${isOrder ? ' class="order"' : ''}/>`;
  return label === '' ? path : `${path}\n${text(x1 + PADDING, y1 - 3, label, 'label')}`;
}

/** The edges at the same side of the same box, from top to bottom of their other ends, so that few of them cross. */
function beside(
  edges: readonly Edge[],
  edge: Edge,
  end: 'from' | 'to',
  places: ReadonlyMap<string, Place>,
): readonly Edge[] {
  const other = end === 'from' ? 'to' : 'from';
  const isRight = (one: Edge): boolean => end === 'from' || places.get(one.from)!.x === places.get(one.to)!.x;
  return edges
    .filter((one) => one[end] === edge[end] && isRight(one) === isRight(edge))
    .toSorted((one, two) => places.get(one[other])!.y - places.get(two[other])!.y);
}

function heightOf(edge: Edge, { y, height }: Place, edges: readonly Edge[]): number {
  return Math.round(y + (height * (edges.indexOf(edge) + 1)) / (edges.length + 1));
}

function rect({ x, y, width, height }: Place, kind = 'box'): string {
  return `<rect class="${kind}" x="${x}" y="${y}" width="${width}" height="${height}" rx="4"/>`;
}

function text(x: number, y: number, line: string, kind: string): string {
  const escaped = shorten(line).replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
  return `<text${kind === '' ? '' : ` class="${kind}"`} x="${Math.round(x)}" y="${y}" xml:space="preserve">${escaped}</text>`;
}
