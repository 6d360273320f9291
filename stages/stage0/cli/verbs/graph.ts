import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { PodError } from '../../error.ts';
import type { PodSpec } from '../../manifest/spec.ts';
import { readIfThere } from '../../pod/files.ts';
import { POD_FILES } from '../../pod/layout.ts';
import { readRecord } from '../../pod/record.ts';
import { readStatus } from '../../pod/status.ts';
import { PodStore } from '../../pod/store.ts';
import { wherever } from '../../pod/wherever.ts';
import { onlyOperand } from '../arguments.ts';
import { render } from '../format.ts';
import { drawPod, type Running } from '../graph/draw-pod.ts';
import { renderSvg } from '../graph/svg.ts';
import { renderDot, renderMermaid } from '../graph/text.ts';
import { parseManifestFile, readManifestFile } from '../manifest-file.ts';
import { type Invocation, outputFlag, type Verb } from '../verb.ts';

const RENDERERS = { svg: renderSvg, dot: renderDot, mermaid: renderMermaid } as const;

export const verb: Verb = {
  name: 'graph',
  purpose: 'Draws a pod: what it takes from the host, its network, volumes and limits, its apps and their order.',
  usage: ['pod graph FILE|POD [-o svg|dot|mermaid]'],
  examples: [
    ['pod graph web.pod.yaml > web.svg', 'draw what a manifest describes'],
    ['pod graph web -o mermaid', 'draw a pod with its addresses and states, for a page that renders mermaid'],
    ['pod graph web -o dot | dot -Tpng > web.png', 'let graphviz arrange it'],
  ],
  flags: [outputFlag(...Object.keys(RENDERERS))],
  notes: [
    'The default output is svg, also for table. What is a file is read as a manifest: a pod of the same name is drawn if it is named by its uuid.',
  ],
  completes: ['pods', 'nothing'],
  run: graph,
};

async function graph(invocation: Invocation): Promise<number> {
  const { flags, terminal } = invocation;
  const operand = onlyOperand(invocation, 'FILE or POD');
  const isFile = operand === '-' || existsSync(operand);
  const graphed = isFile ? drawPod(await read(operand, invocation)) : await drawnPod(operand, invocation);
  const format = flags.value('output') ?? 'svg';
  const shown = await render(format, {
    value: () => graphed,
    names: () => graphed.groups.flatMap(({ columns }) => columns.flat().map(({ id }) => id)),
    text: () => RENDERERS[isDrawing(format) ? format : 'svg'](graphed),
  });
  terminal.out(shown);
  return 0;
}

function isDrawing(format: string): format is keyof typeof RENDERERS {
  return Object.hasOwn(RENDERERS, format);
}

function read(path: string, { terminal, isQuiet }: Invocation): Promise<PodSpec> {
  return parseManifestFile(readManifestFile(path), terminal, isQuiet);
}

async function drawnPod(query: string, { root, terminal }: Invocation): Promise<ReturnType<typeof drawPod>> {
  const store = new PodStore(root);
  const pod = store.find(query);
  const text = wherever(store, pod.uuid, (path = pod.path) => readIfThere(`${path}/${POD_FILES.manifest}`));
  const path = readRecord(pod.path)?.manifest.path;
  const status = readStatus(store, pod.uuid);
  if (text === undefined || path === undefined || !status)
    throw new PodError('state/io', `draw pod ${pod.uuid}: it died before its manifest was stored`);
  // Warnings were shown when it was started.
  const spec = await parseManifestFile({ path, text, baseDir: dirname(path) }, terminal, true);
  const states = status.apps.map(
    ({ name, state, pid }) => [name, pid === null ? state : `${state}, pid ${pid}`] as const,
  );
  const running: Running = { ips: status.network.ips, states: Object.fromEntries(states) };
  return drawPod(spec, running);
}
