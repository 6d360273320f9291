import type { Diagnostics } from '../manifest/diagnostics.ts';
import { renderText } from '../manifest/render.ts';
import { formatLines, render } from './format.ts';
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
  format: string,
  isQuiet: boolean,
): Promise<string> {
  const all = {
    errors: reports.flatMap(({ errors }) => errors),
    warnings: reports.flatMap(({ warnings }) => warnings),
  };
  const { renderGithub, renderSarif, toObjects } = await import('../manifest/render-data.ts');
  if (format === 'github') return renderGithub(all);
  if (format === 'sarif') return renderSarif(all, packageVersion());
  return render(format, {
    value: () => toObjects(all),
    names: () => reports.filter(({ errors }) => errors.length > 0).map(({ path }) => path),
    text: () => renderForPeople(terminal, reports, all, isQuiet),
  });
}

function renderForPeople(
  terminal: Terminal,
  reports: readonly FileReport[],
  all: Diagnostics,
  isQuiet: boolean,
): string {
  const texts = new Map(reports.map(({ path, text }) => [path, text]));
  const found = renderText(all, { color: terminal.hasColor(STDOUT), textOf: (file) => texts.get(file) });
  if (isQuiet) return found;
  const sound = reports.filter(({ errors, warnings }) => errors.length === 0 && warnings.length === 0);
  const lines = sound.map(({ path }) => `${path}: ${terminal.paint(STDOUT, 'green', 'ok')}`);
  if (all.errors.length > 0 || all.warnings.length > 0)
    lines.push(`${count(all.errors.length, 'error')}, ${count(all.warnings.length, 'warning')}`);
  return found + formatLines(lines);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}
