import type { Converted } from '../convert/convert.ts';
import { PodErrors } from '../error.ts';
import { renderText } from '../manifest/render.ts';
import type { Flag } from './flags.ts';
import type { ManifestFile } from './manifest-file.ts';
import { STDERR } from './terminal.ts';
import type { Invocation } from './verb.ts';

export const LOSSY_FLAG: Flag = {
  name: 'lossy',
  help: 'leave out what has no counterpart, and warn about it; otherwise it is an error',
};

/** The manifest that was made, after everything was said about it. Throws `PodErrors` with all that is wrong. */
export function manifestOf(
  { manifest, errors, lost, warnings }: Converted,
  { path, text }: Pick<ManifestFile, 'path' | 'text'>,
  { flags, terminal, isQuiet }: Pick<Invocation, 'flags' | 'terminal' | 'isQuiet'>,
): unknown {
  const isLossy = flags.has('lossy');
  const refused = isLossy ? errors : [...errors, ...lost];
  const told = isLossy ? [...lost, ...warnings] : warnings;
  // Once each: `PodErrors` are shown by who catches them.
  if (!isQuiet) {
    const options = { color: terminal.hasColor(STDERR), textOf: (file: string) => (file === path ? text : undefined) };
    terminal.err(renderText({ errors: [], warnings: told }, options));
  }
  if (refused.length > 0) throw new PodErrors(refused);
  return manifest;
}
