import { statSync } from 'node:fs';
import { join } from 'node:path';
import { PodError } from '../error.ts';
import { MANIFEST_BYTES, readRegularFile } from '../pod/files.ts';
import { type FolderEntry, walkFolder } from './walk-folder.ts';

/** A manifest of a folder, as text. */
export interface FolderFile {
  /** Relative to the folder; what the inventory knows it by. */
  readonly file: string;
  /** As errors name it: the folder as given, and the file in it. */
  readonly path: string;
  /** Absolute: what relative paths in the manifest start from. */
  readonly baseDir: string;
  readonly text: string;
  /** Why there is no text. */
  readonly wrong?: PodError;
  readonly standIn?: StandIn | undefined;
}

/**
 * The manifest is not what the folder has now, but as it last was. `restart`: its pod is started again from what it was made from
 * then, and never replaced. `keep`: not even that can be done, and nothing is done to its pod.
 */
export type StandIn = 'restart' | 'keep';

const SURE = /\.pod\.(yaml|yml|json)$/;
const MAYBE = /\.(yaml|yml|json)$/;
/** Other YAML may lie in the folder; what says at the beginning of a line that it is ours is a manifest. */
const OURS = /^["']?apiVersion["']?\s*:\s*["']?pod\/|"apiVersion"\s*:\s*"pod\//m;

/**
 * The manifests of a folder and what is below it, by name: `*.pod.yaml`, `*.pod.yml`, `*.pod.json`, and other YAML and JSON that
 * has an `apiVersion` of pod's. Names that begin with a dot are left out, and what `.podignore` says. `dir` is what a person
 * wrote, `home` the same, absolute. Throws `set/folder` when it is not there.
 */
export function readFolder(dir: string, home: string): FolderFile[] {
  try {
    requireFolder(dir, home);
    return [...walkFolder(home)].flatMap((entry) => (mayBeManifest(entry) ? readManifest(dir, home, entry.file) : []));
  } catch (error) {
    throw unreadable(dir, error);
  }
}

/** A link that leads nowhere is no manifest, unless its name says so: then reading it tells why not. */
function mayBeManifest({ file, kind }: FolderEntry): boolean {
  return (kind === 'file' && MAYBE.test(file)) || (kind === 'nowhere' && SURE.test(file));
}

/** What is wrong with one keeps nobody from reading the others. */
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
    if (!(error instanceof Error && 'syscall' in error)) throw error;
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

/** Of what walking a folder throws, what is wrong with the folder and no bug of ours. */
export function isUnreadable(error: unknown): error is Error {
  return error instanceof PodError || (error instanceof Error && 'syscall' in error);
}
