import type { PodStatus } from '../pod/status.ts';
import { age, renderTable, type Row } from './table.ts';
import type { Terminal } from './terminal.ts';

/** What the probes of the apps last came to; empty when none was tried. */
export function renderProbes(terminal: Terminal, pod: PodStatus): string {
  const rows = pod.apps.flatMap(({ name, probes }) =>
    probes.map(({ probe, passed, message, since }): Row => {
      const result = passed ? 'passes' : message === null ? 'not yet' : 'fails';
      const style = passed ? 'green' : 'yellow';
      return [name, probe, { text: result, style }, age(Date.parse(since)), firstLine(passed ? null : message)];
    }),
  );
  return rows.length === 0 ? '' : `\n${renderTable(terminal, ['APP', 'PROBE', 'RESULT', 'FOR', 'REASON'], rows)}`;
}

const MAX_SHOWN = 120;

function firstLine(message: string | null): string {
  const line = message?.split('\n', 1)[0] ?? '';
  return line.length > MAX_SHOWN ? `${line.slice(0, MAX_SHOWN)}…` : line;
}
