import type { Diagnostics } from '../manifest/diagnostics.ts';
import { renderText } from '../manifest/render.ts';
import { packageVersion } from './package-dir.ts';
import { STDOUT, type Terminal } from './terminal.ts';

/** What was found in one file. */
export interface FileReport extends Diagnostics {
  readonly path: string;
  readonly text: string;
}

/** Everything goes to standard output: diagnostics are this verb's result. */
export async function renderReports(
  terminal: Terminal,
  reports: readonly FileReport[],
  format: 'text' | 'json' | 'sarif' | 'github',
  isQuiet: boolean,
): Promise<void> {
  const all = {
    errors: reports.flatMap(({ errors }) => errors),
    warnings: reports.flatMap(({ warnings }) => warnings),
  };
  if (format === 'text') return renderForPeople(terminal, reports, all, isQuiet);
  const { renderGithub, renderJson, renderSarif } = await import('../manifest/render-data.ts');
  if (format === 'json') terminal.out(renderJson(all));
  else terminal.out(format === 'github' ? renderGithub(all) : renderSarif(all, packageVersion()));
}

function renderForPeople(terminal: Terminal, reports: readonly FileReport[], all: Diagnostics, isQuiet: boolean): void {
  const texts = new Map(reports.map(({ path, text }) => [path, text]));
  terminal.out(renderText(all, { color: terminal.hasColor(STDOUT), textOf: (file) => texts.get(file) }));
  if (isQuiet) return;
  for (const { path, errors, warnings } of reports) {
    if (errors.length === 0 && warnings.length === 0)
      terminal.out(`${path}: ${terminal.paint(STDOUT, 'green', 'ok')}\n`);
  }
  if (all.errors.length > 0 || all.warnings.length > 0) {
    terminal.out(`${count(all.errors.length, 'error')}, ${count(all.warnings.length, 'warning')}\n`);
  }
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
