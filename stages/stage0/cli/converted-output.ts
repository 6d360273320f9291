import type { Diagnostics } from '../manifest/diagnostics.ts';
import { PodError, PodErrors } from '../error.ts';
import { renderText } from '../manifest/render.ts';
import type { Flag, Parsed } from './flags.ts';
import type { ManifestFile } from './manifest-file.ts';
import { STDERR } from './terminal.ts';
import { type Invocation, outputFlag } from './verb.ts';

export const LOSSY_FLAG: Flag = {
  name: 'lossy',
  help: 'leave out what has no counterpart, and warn about it; otherwise it is an error',
};

export const IMAGE_FLAG: Flag = {
  name: 'image',
  value: 'APP=REF',
  isRepeatable: true,
  completes: 'nothing',
  help: 'use this image for an app; can be repeated',
};

/** Of a conversion, in either direction. */
export const CONVERSION_FLAGS: readonly Flag[] = [LOSSY_FLAG, IMAGE_FLAG, outputFlag()];

export function imagesIn(flags: Pick<Parsed, 'all'>): ReadonlyMap<string, string> {
  return new Map(
    flags.all('image').map((text) => {
      const at = text.indexOf('=');
      if (at > 0 && at < text.length - 1) return [text.slice(0, at), text.slice(at + 1)] as const;
      throw new PodError('cli/usage', `--image "${text}": not APP=REF`);
    }),
  );
}

interface Found extends Diagnostics {
  /** What the other format cannot say. */
  readonly lost: readonly PodError[];
}

/** Says everything that was found. Throws `PodErrors` with all that keeps the result from being one. */
export function reportConversion(
  { errors, lost, warnings }: Found,
  { path, text }: Pick<ManifestFile, 'path' | 'text'>,
  { terminal, isQuiet, isLossy }: Pick<Invocation, 'terminal' | 'isQuiet'> & { readonly isLossy: boolean },
): void {
  const told = isLossy ? [...lost, ...warnings] : warnings;
  if (!isQuiet) {
    const options = { color: terminal.hasColor(STDERR), textOf: (file: string) => (file === path ? text : undefined) };
    terminal.err(renderText({ errors: [], warnings: told }, options));
  }
  const refused = isLossy ? errors : [...errors, ...lost];
  if (refused.length > 0) throw new PodErrors(refused);
}
