import { isKernelError, placed, PodError, PodErrors } from '../error.ts';
import { MANIFEST_BYTES, readRegularFile } from '../pod/files.ts';
import { isRefusal } from '../refusal.ts';
import { type ColorChoice, STDERR, Terminal } from './terminal.ts';

/** Shows an error on standard error: what happened, where, and what to do. */
export async function reportError(error: unknown, argv: readonly string[] = []): Promise<void> {
  const terminal = new Terminal(colorChoice(argv));
  const errors = (error instanceof PodErrors ? error.errors : [error]).map(forPeople);
  const located = errors.filter((one) => one instanceof PodError && one.at !== undefined) as PodError[];
  if (located.length > 0) terminal.err(await renderLocated(terminal, located));
  for (const one of errors) {
    if (!located.includes(one as PodError)) terminal.err(renderError(terminal, one));
    if (argv.includes('--debug')) terminal.err(`${stackOf(one)}\n`);
  }
}

/** Any call may be refused, and not each has a sentence of its own. */
function forPeople(error: unknown): unknown {
  if (error instanceof PodError) return error;
  // getcwd(2)
  if (isKernelError(error) && error.syscall === 'uv_cwd') {
    return new PodError('host/refused', `find the current directory: ${error.message}`, {
      hint: 'the working directory was removed: change to another one',
      cause: error,
    });
  }
  if (!isRefusal(error)) return error;
  return new PodError('host/refused', `ask the kernel: ${error.message}`, { cause: error });
}

/** The flags may be what is wrong, so they are only looked at. */
function colorChoice(argv: readonly string[]): ColorChoice {
  const at = argv.findIndex((word) => word === '--color' || word.startsWith('--color='));
  const choice = argv[at] === '--color' ? argv[at + 1] : argv[at]?.slice('--color='.length);
  return choice === 'always' || choice === 'never' ? choice : 'auto';
}

/** With the line of the manifest and a caret. */
async function renderLocated(terminal: Terminal, errors: readonly PodError[]): Promise<string> {
  const { renderText } = await import('../manifest/render.ts');
  return renderText({ errors, warnings: [] }, { color: terminal.hasColor(STDERR), textOf: readIfPossible });
}

/**
 * Standard input cannot be read a second time, and a file may have gone, or be what the error is about: then there is no excerpt.
 * Whatever keeps it from being made, the error itself is to be seen.
 */
function readIfPossible(file: string): string | undefined {
  try {
    return readRegularFile(file, MANIFEST_BYTES);
  } catch {
    return undefined;
  }
}

function renderError(terminal: Terminal, error: unknown): string {
  if (!(error instanceof PodError)) return `${terminal.paint(STDERR, 'red', 'internal error')}: ${stackOf(error)}\n`;
  const lines = [`${terminal.paint(STDERR, 'red', 'error')}: ${error.message} [${error.code}]`];
  if (error.hint !== undefined) lines.push(`  ${terminal.paint(STDERR, 'cyan', 'hint')}: ${error.hint}`);
  return `${lines.join('\n')}\n`;
}

export function renderWarning(terminal: Terminal, warning: Error): string {
  const place = warning instanceof PodError ? placed(warning) : '';
  const hint = warning instanceof PodError && warning.hint !== undefined ? ` (${warning.hint})` : '';
  return `${terminal.paint(STDERR, 'yellow', 'warning')}: ${place}${warning.message}${hint}\n`;
}

/** Not meant for people: it is what helps whoever has to mend it. */
function stackOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `\ncaused by: ${stackOf(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
