import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  renameSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { POD_FILES } from './layout.ts';

/** The file's text; undefined when it does not exist, or a directory is in its place, which says as little. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ENOTDIR: a stray file among the pods' directories has no files of its own. ENODEV: a cgroup that is just being removed.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENODEV' || code === 'EISDIR') return undefined;
    throw error;
  }
}

/** What a path may meet that leads nowhere. That somebody may not look there says nothing of what there is. */
const NOWHERE: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']);

/** What is at the end of all links; undefined for a path that leads nowhere, or to itself. */
export function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if (NOWHERE.has((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}

/** What is larger is no manifest of a folder, and is not read to find out. */
export const MANIFEST_BYTES: number = 16 * 1024 * 1024;

/** What a file of somebody else's holds; undefined for a device or a pipe, which might keep us for ever, and for more than `most` bytes. */
export function readRegularFile(path: string, most: number = Infinity): string | undefined {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stats = fstatSync(fd);
    return stats.isFile() && stats.size <= most ? readFileSync(fd, 'utf8') : undefined;
  } finally {
    closeSync(fd);
  }
}

/** The JSON object in a text that may be torn, padded or empty; undefined when there is none. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch (error) {
    // A crash or a power cut may leave half a line: that is missing data, not a failure of the reader.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The JSON objects of an append-only file of lines; torn lines are left out. */
export function parseLines(text: string): Record<string, unknown>[] {
  return text.split('\n').flatMap((line): Record<string, unknown>[] => {
    const object = parseObject(line);
    return object ? [object] : [];
  });
}

/** A manifest is stored as it was read, so that `cat-manifest` shows what the pod was made from. */
export function writeManifest(podPath: string, text: string): void {
  writeFileSync(`${podPath}/${POD_FILES.manifest}`, text, { mode: 0o600 });
}

/** The same for a pod that runs: whoever reads it sees the old text or the new one. */
export function replaceManifest(podPath: string, text: string): void {
  replaceFile(`${podPath}/${POD_FILES.manifest}`, text);
}

/** In one step. */
export function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
