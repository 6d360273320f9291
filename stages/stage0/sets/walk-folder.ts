import { type Dirent, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PodError } from '../error.ts';
import { readRegularFile, statIfThere } from '../pod/files.ts';
import { IgnoreRules } from './podignore.ts';

export interface FolderEntry {
  /** Path relative to the folder, without a trailing slash; `` is the folder itself. */
  readonly file: string;
  /**
   * The target after following all links. `visited`: a folder that was reached before through another link, and is not read again.
   */
  readonly kind: 'folder' | 'visited' | 'file' | 'nowhere';
  readonly isLink: boolean;
}

type Rules = readonly { readonly below: string; readonly rules: IgnoreRules }[];

const IGNORE_FILE = '.podignore';

/**
 * The relevant entries of a folder, by name, each folder before its content: without names that begin with a dot, and without what
 * `.podignore` excludes. Throws errors of the kernel, and `set/folder` for unreadable rules.
 */
export function* walkFolder(home: string): Generator<FolderEntry> {
  yield* visit(home, { file: '', isLink: false }, [], new Set());
}

function* visit(
  home: string,
  { file: below, isLink }: Pick<FolderEntry, 'file' | 'isLink'>,
  above: Rules,
  seen: Set<string>,
): Generator<FolderEntry> {
  const path = join(home, below);
  // A link may lead to a parent folder.
  const { dev, ino } = statSync(path);
  const isNew = !seen.has(`${dev}:${ino}`);
  yield { file: below, kind: isNew ? 'folder' : 'visited', isLink };
  if (!isNew) return;
  seen.add(`${dev}:${ino}`);
  const children = readdirSync(path, { withFileTypes: true });
  const isRuled = children.some(({ name }) => name === IGNORE_FILE);
  const rules = isRuled ? [...above, { below, rules: readRules(join(path, IGNORE_FILE)) }] : above;
  for (const child of children.toSorted((a, b) => compare(a.name, b.name))) {
    if (child.name.startsWith('.')) continue;
    const file = below === '' ? child.name : `${below}/${child.name}`;
    const entry = { file, kind: kindOf(child, home, file), isLink: child.isSymbolicLink() };
    if (isIgnored(rules, file, entry.kind === 'folder')) continue;
    if (entry.kind === 'folder') yield* visit(home, entry, rules, seen);
    else yield entry;
  }
}

function kindOf(child: Dirent, home: string, file: string): 'folder' | 'file' | 'nowhere' {
  if (!child.isSymbolicLink()) return child.isDirectory() ? 'folder' : 'file';
  const stat = statIfThere(join(home, file));
  if (!stat) return 'nowhere';
  return stat.isDirectory() ? 'folder' : 'file';
}

function readRules(path: string): IgnoreRules {
  const text = readRegularFile(path);
  if (text !== undefined) return new IgnoreRules(text);
  throw new PodError('set/folder', `read "${path}": it is not a regular file`);
}

/** The rules of the folder nearest to the file take precedence. */
function isIgnored(all: Rules, file: string, isDirectory: boolean): boolean {
  for (const { below, rules } of all.toReversed()) {
    const verdict = rules.judge(below === '' ? file : file.slice(below.length + 1), isDirectory);
    if (verdict) return verdict === 'ignored';
  }
  return false;
}

/** By code units, so that the order does not depend on the locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
