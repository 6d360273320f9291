import { renderTable } from './table.ts';
import type { Terminal } from './terminal.ts';

/** Since the start of the process; `performance` would load a module of its own for that. */
function uptimeMs(): number {
  return process.uptime() * 1000;
}

/** How long each phase of a run took, one after the other, from the start of the process. */
export class Timings {
  readonly #phases: { readonly name: string; readonly startMs: number }[] = [
    { name: 'node', startMs: 0 },
    { name: 'load', startMs: uptimeMs() },
  ];

  start(phase: string): void {
    this.#phases.push({ name: phase, startMs: uptimeMs() });
  }

  render(terminal: Terminal): string {
    const endMs = uptimeMs();
    const rows = this.#phases.map(({ name, startMs }, index) => {
      const ms = (this.#phases[index + 1]?.startMs ?? endMs) - startMs;
      return [name, `${ms.toFixed(2).padStart(10)} ms`];
    });
    return renderTable(terminal, ['PHASE', '      TOOK'], [...rows, ['total', `${endMs.toFixed(2).padStart(10)} ms`]]);
  }
}
