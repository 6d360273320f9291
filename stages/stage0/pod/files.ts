import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { POD_FILES } from './layout.ts';

/** The file's text; undefined when it does not exist or is a directory. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // ENOTDIR: a stray file is in the place of a pod's directory. ENODEV: a cgroup is being removed.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENODEV' || code === 'EISDIR') return undefined;
    throw error;
  }
}

/** Errors for a path that leads to nothing. A lack of permission is not one of them: something may exist there. */
const NOWHERE: ReadonlySet<unknown> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG']);

/** The status of the file after following links; undefined for a path that leads to nothing, or to itself. */
export function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (error) {
    if (NOWHERE.has((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}

/** The names in a directory; none when it does not exist. */
export function namesIn(dir: string): string[] {
  return ifThere(() => readdirSync(dir));
}

/** The names of the directories in a directory; none when it does not exist. Without files, which somebody may have put there. */
export function directoriesIn(dir: string): string[] {
  return ifThere(() => readdirSync(dir, { withFileTypes: true })).flatMap((entry) =>
    entry.isDirectory() ? entry.name : [],
  );
}

function ifThere<Entry>(read: () => Entry[]): Entry[] {
  try {
    return read();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** A larger file is not a manifest of a folder, and is not read. */
export const MANIFEST_BYTES: number = 16 * 1024 * 1024;

/**
 * The content of another user's file; undefined for a device or a pipe, whose read might never return, and for more than `most`
 * bytes.
 */
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
    // A crash or a power failure may leave half a line: that is missing data, not an error of the reader.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The JSON objects in the lines of an append-only file; torn lines are skipped. */
export function parseLines(text: string): Record<string, unknown>[] {
  return text.split('\n').flatMap((line): Record<string, unknown>[] => {
    const object = parseObject(line);
    return object ? [object] : [];
  });
}

/** The manifest is stored as it was read, so that `cat-manifest` shows what the pod was made from. */
export function writeManifest(podPath: string, text: string): void {
  writeFileSync(`${podPath}/${POD_FILES.manifest}`, text, { mode: 0o600 });
}

/** Replaces the manifest of a running pod: a reader sees either the old or the new text. */
export function replaceManifest(podPath: string, text: string): void {
  replaceFile(`${podPath}/${POD_FILES.manifest}`, text);
}

/** Replaces the file atomically. */
export function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
