// git-ls-tree(1)

import { PodError } from '../error.ts';

/** One entry of a commit's tree that becomes something in a folder. */
export interface TreeEntry {
  /** From the repository's top, its parts plain names. */
  readonly path: string;
  readonly kind: 'file' | 'program' | 'link';
  readonly blob: string;
  readonly bytes: number;
}

export interface CommitTree {
  readonly entries: readonly TreeEntry[];
  /** Paths of repositories in it, which are not fetched. */
  readonly submodules: readonly string[];
}

/** A repository of manifests is nothing like it. */
const MAX_ENTRIES = 100_000;
const MAX_BYTES = 1024 ** 3;

const KINDS: Readonly<Record<string, TreeEntry['kind']>> = {
  '100644': 'file',
  '100664': 'file',
  '100755': 'program',
  '120000': 'link',
};
const SUBMODULE = '160000';

/** Reads what `git ls-tree -r -l -z` prints. Throws `source/hostile` for what no honest repository has; `what` names it. */
export function parseTree(listed: string, what: string): CommitTree {
  const entries: TreeEntry[] = [];
  const submodules: string[] = [];
  let bytes = 0;
  for (const line of listed.split('\0')) {
    if (line === '') continue;
    const tab = line.indexOf('\t');
    const [mode = '', , blob = '', size = ''] = line.slice(0, tab).split(/ +/);
    const path = requirePath(line.slice(tab + 1), what);
    if (mode === SUBMODULE) {
      submodules.push(path);
      continue;
    }
    const kind = KINDS[mode];
    if (!kind) throw hostile(what, `"${path}" is of mode ${mode}`);
    bytes += Number(size);
    entries.push({ path, kind, blob, bytes: Number(size) });
    if (entries.length > MAX_ENTRIES) throw hostile(what, `it has more than ${MAX_ENTRIES} files`);
    if (!(bytes <= MAX_BYTES)) throw hostile(what, `its files are larger than ${MAX_BYTES >> 20} MiB together`);
  }
  return { entries, submodules };
}

/** Git's own checks refuse the same names; what is written here does not depend on them. */
function requirePath(path: string, what: string): string {
  const parts = path.split('/');
  if (parts.every(isPlain)) return path;
  throw hostile(what, `${JSON.stringify(path)} is not a path for a file`);
}

function isPlain(part: string): boolean {
  // U+FFFD stands for bytes that are not UTF-8: two such names could be one.
  return part !== '' && part !== '.' && part !== '..' && part.toLowerCase() !== '.git' && !part.includes('\ufffd');
}

/**
 * Whether a link cannot lead out of the tree, through other links neither: it is relative, and goes up only in front and not
 * above the top. The kernel goes up from where the link is, and links that all keep to this never leave.
 */
export function staysInside(path: string, target: string): boolean {
  if (target === '' || target.startsWith('/') || target.includes('\0') || target.includes('\ufffd')) return false;
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const ups = parts.findIndex((part) => part !== '..');
  const upCount = ups < 0 ? parts.length : ups;
  const depth = path.split('/').length - 1;
  return upCount <= depth && !parts.slice(upCount).includes('..');
}

export function hostile(what: string, found: string): PodError {
  return new PodError('source/hostile', `check out ${what}: ${found}`);
}
