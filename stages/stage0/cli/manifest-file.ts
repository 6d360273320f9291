import { dirname, resolve } from 'node:path';
import { PodErrors } from '../error.ts';
import { readManifestText } from '../manifest/read-text.ts';
import type { PodSpec } from '../manifest/spec.ts';
import { renderWarning } from './report.ts';
import type { Terminal } from './terminal.ts';

export interface ManifestFile {
  /** As given; `-` is standard input. */
  readonly path: string;
  readonly text: string;
  /** Relative paths in the manifest start here: the manifest's folder, or the current one for standard input. */
  readonly baseDir: string;
}

const STDIN = 0;

export function readManifestFile(path: string): ManifestFile {
  const baseDir = path === '-' ? process.cwd() : dirname(resolve(path));
  return { path, text: readManifestText(path, path === '-' ? STDIN : path), baseDir };
}

/** Shows warnings; throws a `PodErrors` with all errors at once. */
export async function parseManifestFile(file: ManifestFile, terminal: Terminal, isQuiet: boolean): Promise<PodSpec> {
  const { parseManifest } = await import('../manifest/parse.ts');
  const read = parseManifest(file.text, file.path, { baseDir: file.baseDir });
  const { spec, warnings } = read;
  if (!spec) throw new PodErrors(await (await import('../manifest/all-errors.ts')).allErrorsOf(read));
  if (!isQuiet) for (const warning of warnings) terminal.err(renderWarning(terminal, warning));
  return spec;
}
