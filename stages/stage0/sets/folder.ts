import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PodError } from '../error.ts';
import { readRegularFile } from '../pod/files.ts';
import { IgnoreRules } from './podignore.ts';

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
}

const SURE = /\.pod\.(yaml|yml|json)$/;
const MAYBE = /\.(yaml|yml|json)$/;
/** Other YAML may lie in the folder; what says at the beginning of a line that it is ours is a manifest. */
const OURS = /^["']?apiVersion["']?\s*:\s*["']?pod\/|"apiVersion"\s*:\s*"pod\//m;
const IGNORE_FILE = '.podignore';
/** Folders hold data, too: what is larger is no manifest, and is not read to find out. */
const MOST_BYTES = 16 * 1024 * 1024;

interface Visit {
  /** Relative, without a slash at the end; `` is the folder itself. */
  readonly below: string;
  readonly rules: readonly { readonly below: string; readonly rules: IgnoreRules }[];
}

/**
 * The manifests of a folder and what is below it, by name: `*.pod.yaml`, `*.pod.yml`, `*.pod.json`, and other YAML and JSON that
 * has an `apiVersion` of pod's. Names that begin with a dot are left out, and what `.podignore` says. `dir` is what a person
 * wrote, `home` the same, absolute. Throws `set/folder` when it is not there.
 */
export function readFolder(dir: string, home: string): FolderFile[] {
  const found: FolderFile[] = [];
  const seen = new Set<string>();
  const visit = ({ below, rules }: Visit): void => {
    const path = join(home, below);
    // A link may lead to a folder above it.
    const { dev, ino } = statSync(path);
    if (seen.has(`${dev}:${ino}`)) return;
    seen.add(`${dev}:${ino}`);
    const names = readdirSync(path);
    const known = names.includes(IGNORE_FILE)
      ? [...rules, { below, rules: readRules(join(path, IGNORE_FILE)) }]
      : rules;
    for (const name of names.toSorted(compare)) {
      if (name.startsWith('.')) continue;
      const file = below === '' ? name : `${below}/${name}`;
      const isDirectory = isFolderThere(join(home, file));
      // A link that leads nowhere is no manifest, unless its name says so: then reading it tells why not.
      if (isDirectory === undefined && !SURE.test(name)) continue;
      if (isIgnored(known, file, isDirectory ?? false)) continue;
      if (isDirectory) visit({ below: file, rules: known });
      else if (MAYBE.test(name)) found.push(...readManifest(dir, home, file));
    }
  };
  try {
    requireFolder(dir, home);
    visit({ below: '', rules: [] });
  } catch (error) {
    throw unreadable(dir, error);
  }
  return found;
}

/** Undefined when there is nothing: a link that leads nowhere, or to itself. */
function isFolderThere(path: string): boolean | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ELOOP') return undefined;
    throw error;
  }
}

function readRules(path: string): IgnoreRules {
  const text = readRegularFile(path);
  if (text !== undefined) return new IgnoreRules(text);
  throw new PodError('set/folder', `read "${path}": it is not a regular file`);
}

/** The rules of the folder nearest to the file count most. */
function isIgnored(all: Visit['rules'], file: string, isDirectory: boolean): boolean {
  for (const { below, rules } of all.toReversed()) {
    const verdict = rules.judge(below === '' ? file : file.slice(below.length + 1), isDirectory);
    if (verdict) return verdict === 'ignored';
  }
  return false;
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
    if (statSync(join(home, file)).size > MOST_BYTES) return isSure ? wrong(`larger than ${MOST_BYTES >> 20} MiB`) : [];
    const text = readRegularFile(join(home, file));
    if (text === undefined) return isSure ? wrong('it is not a regular file') : [];
    return isSure || OURS.test(text) ? [{ ...about, text }] : [];
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
  if (!(error instanceof Error && 'syscall' in error)) return error;
  return new PodError('set/folder', `read folder "${dir}": ${error.message}`, { cause: error });
}

/** By code units, so that the order does not depend on the locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
