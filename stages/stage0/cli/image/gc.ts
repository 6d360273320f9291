import { PodError } from '../../error.ts';
import { type RemovedLayer, removeUnusedLayers } from '../../gc/unused-layers.ts';
import { formatBytes } from '../bytes.ts';
import { isForPeople, render } from '../format.ts';
import { renderTable } from '../table.ts';
import type { Invocation } from '../verb.ts';

export async function gc(invocation: Invocation, rest: readonly string[]): Promise<number> {
  if (rest.length > 0) throw new PodError('cli/usage', `unexpected argument "${rest[0]}"`);
  const { flags, root, terminal, isQuiet } = invocation;
  const removed = await removeUnusedLayers(root, flags.has('dry-run'));
  const format = flags.value('output') ?? 'table';
  if (isForPeople(format) && removed.length === 0) {
    if (!isQuiet) terminal.err('nothing to remove\n');
    return 0;
  }
  const shown = await render(format, {
    value: () => removed.map(({ layer, sizeBytes = null }) => ({ layer, sizeBytes })),
    names: () => removed.map(({ layer }) => layer),
    text: () => renderTable(terminal, ['LAYER', 'SIZE'], removed.map(row)),
  });
  terminal.out(shown);
  if (isForPeople(format) && !isQuiet && !flags.has('dry-run')) terminal.err(`${summaryOf(removed)}\n`);
  return 0;
}

function row({ layer, sizeBytes }: RemovedLayer): string[] {
  return [layer.slice(0, 12), sizeBytes === undefined ? '-' : formatBytes(sizeBytes)];
}

export function summaryOf(removed: readonly RemovedLayer[]): string {
  const bytes = removed.reduce((sum, { sizeBytes = 0 }) => sum + sizeBytes, 0);
  return `removed ${removed.length} ${removed.length === 1 ? 'layer' : 'layers'}, ${formatBytes(bytes)}`;
}
