import { PodError, PodErrors } from '../../error.ts';
import { readSetStatus, type SetPodStatus, type SetStatus } from '../../sets/set-status.ts';
import { listSets } from '../../sets/set-store.ts';
import { waitForSet } from '../../sets/wait-for-set.ts';
import { waitFlag } from '../arguments.ts';
import { render } from '../format.ts';
import { type Cell, renderTable } from '../table.ts';
import { STDOUT, type Style, type Terminal } from '../terminal.ts';
import type { Invocation } from '../verb.ts';
import { noMore } from './require.ts';

const UNHEALTHY = 3;

export async function status(
  invocation: Invocation,
  set: string | undefined,
  rest: readonly string[],
): Promise<number> {
  noMore(rest);
  const { flags, root, terminal } = invocation;
  const format = flags.value('output') ?? 'text';
  if (flags.has('wait')) {
    if (set === undefined) throw new PodError('cli/usage', '--wait goes with one SET');
    await waitForSet(root, set, { timeoutMs: waitFlag(invocation, 'timeout') });
  }
  const damaged: PodError[] = [];
  const all = set === undefined ? readAll(root, damaged) : [readSetStatus(root, set)];
  const only = set === undefined ? undefined : all[0]!;
  const shown = await render(format, {
    value: () => only ?? all,
    names: () => only?.pods.map(({ name }) => name) ?? all.map((one) => one.set),
    text: () => (only ? text(terminal, only) : overview(terminal, all)),
  });
  terminal.out(shown);
  if (damaged.length > 0) throw new PodErrors(damaged);
  return all.every(isReady) ? 0 : UNHEALTHY;
}

/** One that is damaged hides no other. */
function readAll(root: string, damaged: PodError[]): SetStatus[] {
  return listSets(root).flatMap((name) => {
    try {
      return readSetStatus(root, name);
    } catch (error) {
      if (!(error instanceof PodError)) throw error;
      // A set that is being applied for the first time has a directory and nothing else.
      if (error.code === 'set/not-found') return [];
      if (error.code !== 'set/damaged') throw error;
      damaged.push(error);
      return [];
    }
  });
}

function isReady({ conditions }: SetStatus): boolean {
  return conditions.some(({ type, status: holds }) => type === 'Ready' && holds);
}

function overview(terminal: Terminal, all: readonly SetStatus[]): string {
  const rows = all.map((one) => {
    const healthy = one.pods.filter(({ health }) => health === 'healthy').length;
    const stalled = one.conditions.find(({ type }) => type === 'Stalled')!;
    return [one.set, `${healthy}/${one.pods.length}`, String(one.revision ?? '-'), stalled.reason, one.origin ?? '-'];
  });
  return renderTable(terminal, ['SET', 'HEALTHY', 'REVISION', 'STATE', 'FOLDER'], rows);
}

const STYLES: Readonly<Record<SetPodStatus['health'], Style>> = {
  healthy: 'green',
  pending: 'yellow',
  unhealthy: 'red',
};

function text(terminal: Terminal, one: SetStatus): string {
  const held = one.isPinned ? ', held until the folder changes' : '';
  const lines = [
    `set ${one.set} of ${one.origin ?? '-'}: revision ${one.revision ?? '-'} (${one.outcome ?? '-'}${held})`,
    ...one.conditions.map(({ type, status: holds, reason, message }) => {
      const isGood = holds === (type === 'Ready');
      const word = terminal.paint(
        STDOUT,
        isGood ? 'green' : type === 'Reconciling' ? 'yellow' : 'red',
        holds ? 'True' : 'False',
      );
      return `${type}: ${word} ${reason}: ${message}`;
    }),
  ];
  const rows = one.pods.map(({ name, health, message, uuid, file }) => {
    const cell: Cell = { text: health, style: STYLES[health] };
    return [name, cell, message, uuid?.slice(0, 8) ?? '-', file ?? '-'];
  });
  return `${lines.join('\n')}\n${rows.length > 0 ? renderTable(terminal, ['POD', 'HEALTH', 'WHY', 'UUID', 'FILE'], rows) : ''}`;
}
