import { statSync } from 'node:fs';
import { join } from 'node:path';
import { PodError, isKernelError } from '../error.ts';
import { MANIFEST_BYTES, readRegularFile } from '../pod/files.ts';
import { type FolderEntry, walkFolder } from './walk-folder.ts';

/** A manifest of a folder, as text. */
export interface FolderFile {
  /** Path relative to the folder, by which the inventory knows the manifest. */
  readonly file: string;
  /** The path that errors name: the folder as given, and the file in it. */
  readonly path: string;
  /** Absolute base directory of relative paths in the manifest. */
  readonly baseDir: string;
  readonly text: string;
  /** Why there is no text. */
  readonly wrong?: PodError;
  readonly standIn?: StandIn | undefined;
}

/**
 * The manifest is not the folder's current one but an earlier one. `restart`: if necessary, its pod is restarted from what it was
 * made from, but never replaced. `keep`: not even that is possible, and its pod is left alone.
 */
export type StandIn = 'restart' | 'keep';

const SURE = /\.pod\.(yaml|yml|json)$/;
const MAYBE = /\.(yaml|yml|json)$/;
/** The folder may contain other YAML; a file is a manifest if a line begins with our `apiVersion`. */
const OURS = /^["']?apiVersion["']?\s*:\s*["']?pod\/|"apiVersion"\s*:\s*"pod\//m;

/**
 * The manifests in a folder and below it, by name: `*.pod.yaml`, `*.pod.yml`, `*.pod.json`, and other YAML and JSON with an
 * `apiVersion` of pod. Ignores names that begin with a dot, and what `.podignore` excludes. `dir` is the path as the user wrote it,
 * `home` the absolute path. Throws `set/folder` when the folder does not exist.
 */
export function readFolder(dir: string, home: string): FolderFile[] {
  try {
    requireFolder(dir, home);
    return [...walkFolder(home)].flatMap((entry) => (mayBeManifest(entry) ? readManifest(dir, home, entry.file) : []));
  } catch (error) {
    throw unreadable(dir, error);
  }
}

/** A dangling link is ignored, unless it has the name of a manifest: then reading it reports the error. */
function mayBeManifest({ file, kind }: FolderEntry): boolean {
  return (kind === 'file' && MAYBE.test(file)) || (kind === 'nowhere' && SURE.test(file));
}

/** An error in one manifest does not keep the others from being read. */
function readManifest(dir: string, home: string, file: string): FolderFile[] {
  const path = join(dir, file);
  const about = { file, path, baseDir: join(home, file, '..') };
  const isSure = SURE.test(file);
  const wrong = (reason: string, cause?: unknown): FolderFile[] => {
    const at = { file: path, line: 1, col: 1 };
    const error = new PodError('manifest/unreadable', `read manifest "${path}": ${reason}`, { at, cause });
    return [{ ...about, text: '', wrong: error }];
  };
  try {
    const text = readRegularFile(join(home, file), MANIFEST_BYTES);
    if (text !== undefined) return isSure || OURS.test(text) ? [{ ...about, text }] : [];
    if (!isSure) return [];
    const isLarge = statSync(join(home, file)).isFile();
    return wrong(isLarge ? `larger than ${MANIFEST_BYTES >> 20} MiB` : 'it is not a regular file');
  } catch (error) {
    if (!isKernelError(error)) throw error;
    return wrong(error.message, error);
  }
}

function requireFolder(dir: string, home: string): void {
  const found = statSync(home, { throwIfNoEntry: false });
  if (found?.isDirectory()) return;
  throw new PodError('set/folder', `read folder "${dir}": ${found ? 'it is not a folder' : 'no such folder'}`, {
    hint: 'nothing was changed; pod delete --set NAME removes the pods of a folder that is gone',
  });
}

function unreadable(dir: string, error: unknown): unknown {
  if (error instanceof PodError || !isUnreadable(error)) return error;
  return new PodError('set/folder', `read folder "${dir}": ${error.message}`, { cause: error });
}

/** True for errors of walking a folder that are faults of the folder rather than bugs. */
export function isUnreadable(error: unknown): error is Error {
  return error instanceof PodError || isKernelError(error);
}
