import { PodError } from '../error.ts';

/** Where a folder of manifests comes from. */
export type SourceReference = FolderReference | GitReference;

export interface FolderReference {
  readonly kind: 'folder';
  /** As given. */
  readonly path: string;
}

export interface GitReference {
  readonly kind: 'git';
  readonly transport: 'https' | 'ssh' | 'file';
  /** As git takes it. */
  readonly url: string;
  /** Inside the repository, `` for all of it: no slash in front or at the end. */
  readonly path: string;
  /** A branch, a tag, `refs/…` or a whole commit id; undefined: what the repository has as its HEAD. */
  readonly ref: string | undefined;
}

const FORMS =
  'git+https://HOST/REPO//PATH?ref=REF, git+ssh://USER@HOST/REPO//PATH?ref=REF, git+file:///REPO//PATH?ref=REF';
const TRANSPORTS: readonly string[] = ['https', 'ssh', 'file'];

/** `--ref` is for a folder of a repository on this host, which `locateRepository` finds. */
export function parseSource(text: string, ref?: string): SourceReference {
  if (!/^git\+/i.test(text)) {
    if (ref !== undefined) requireRef(ref, text);
    return { kind: 'folder', path: text };
  }
  const match = /^git\+([a-z]+):\/\/([^?#]*)(?:\?([^#]*))?$/.exec(text);
  if (!match) throw malformed(text, 'not a reference to a repository');
  const [, transport, place, query] = match as unknown as [string, string, string, string | undefined];
  if (!TRANSPORTS.includes(transport)) throw malformed(text, `"${transport}" is not one of ${TRANSPORTS.join(', ')}`);
  const asked = parseQuery(text, query);
  if (asked !== undefined && ref !== undefined) throw malformed(text, 'it has a ref, and --ref gives another');
  const [repository, path] = splitPlace(text, place);
  requireHost(text, transport, repository);
  const wanted = asked ?? ref;
  if (wanted !== undefined) requireRef(wanted, text);
  return {
    kind: 'git',
    transport: transport as GitReference['transport'],
    url: `${transport}://${repository}`,
    path: requirePath(text, path),
    ref: wanted,
  };
}

/** What tells sources from each other: another ref is another state of the same. */
export function originOf({ url, path }: Pick<GitReference, 'url' | 'path'>): string {
  return `git+${url}${path === '' ? '' : `//${path}`}`;
}

/** The last word of it, for a set that has no name. */
export function nameOfSource({ url, path }: Pick<GitReference, 'url' | 'path'>): string {
  return `${url}/${path}`
    .split('/')
    .findLast((part) => part !== '')!
    .replace(/\.git$/, '');
}

function parseQuery(text: string, query: string | undefined): string | undefined {
  if (query === undefined || query === '') return undefined;
  const parameters = new URLSearchParams(query);
  const unknown = [...parameters.keys()].find((name) => name !== 'ref');
  if (unknown !== undefined) throw malformed(text, `"${unknown}" is not a parameter: the only parameter is ref`);
  const refs = parameters.getAll('ref');
  if (refs.length > 1) throw malformed(text, 'it has more than one ref');
  return refs[0];
}

/** The first `//` behind the host; for `file`, behind the slash that a path begins with. */
function splitPlace(text: string, place: string): [repository: string, path: string] {
  const at = place.indexOf('//', 1);
  const parts: [string, string] = at < 0 ? [place, ''] : [place.slice(0, at), place.slice(at + 2)];
  // Control characters would be lines of their own where git, or a person, reads it.
  // eslint-disable-next-line no-control-regex -- see above
  if (/[\u0000-\u0020\u007f]/.test(place)) throw malformed(text, 'it holds spaces or control characters: write %20');
  return parts;
}

function requireHost(text: string, transport: string, repository: string): void {
  if (transport === 'file') {
    if (!repository.startsWith('/')) throw malformed(text, 'a path of this host is absolute: git+file:///…');
    return;
  }
  const slash = repository.indexOf('/');
  const authority = repository.slice(0, Math.max(0, slash));
  const [user, host] = authority.includes('@') ? splitUser(authority) : ['', authority];
  if (user.includes(':')) {
    throw malformed(text, 'it holds a password, which every user of this host could see', [
      'put the password into a git credential helper or ~/.netrc',
    ]);
  }
  // What begins with a dash would be an option to ssh: CVE-2017-1000117.
  if (!/^[A-Za-z0-9[]/.test(host) || user.startsWith('-') || repository.length === slash + 1)
    throw malformed(text, 'it names no repository of a host');
}

function splitUser(authority: string): [user: string, host: string] {
  const at = authority.lastIndexOf('@');
  return [authority.slice(0, at), authority.slice(at + 1)];
}

function requirePath(text: string, path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw malformed(text, 'the path leaves the repository');
  return parts.map((part) => decode(text, part)).join('/');
}

function decode(text: string, part: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(part);
  } catch {
    throw malformed(text, `"${part}" is not percent-encoded`);
  }
  if (decoded === '..' || decoded.includes('/') || decoded.includes('\0'))
    throw malformed(text, 'the path leaves the repository');
  return decoded;
}

/** The names git gives refs (git-check-ref-format(1)), and none that could be an option, a pattern or an expression. */
function requireRef(ref: string, text: string): void {
  const isName =
    /^[A-Za-z0-9_][A-Za-z0-9_./+@=-]*$/.test(ref) &&
    !/\.\.|@\{|\/\/|\/\.|\.lock(\/|$)|[./]$/.test(ref) &&
    ref.length <= 250;
  if (!isName) throw malformed(text, `${JSON.stringify(ref)} is not the name of a branch, a tag or a commit`);
}

function malformed(text: string, problem: string, hints: readonly string[] = [`it is one of ${FORMS}`]): PodError {
  // A password in it is not repeated.
  const shown = text.replace(/(:\/\/[^/@]*:)[^/@]*@/, '$1…@');
  return new PodError('source/reference', `read source ${JSON.stringify(shown)}: ${problem}`, { hint: hints[0] });
}
