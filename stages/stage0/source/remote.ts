// git-ls-remote(1), git-fetch(1)

import { PodError } from '../error.ts';
import { git, type GitOptions } from './git.ts';
import { type GitReference, originOf } from './reference.ts';

export interface Head {
  /** A branch or tag without `refs/heads/`, or the commit itself. */
  readonly ref: string;
  /** 40 or 64 hexadecimal digits. */
  readonly commit: string;
}

const COMMIT = /^([0-9a-f]{40}|[0-9a-f]{64})$/;

/** A list of refs is short. */
const LOOK_UP_LIMIT_MS = 30_000;

/** What the reference stands for at this moment, without fetching it. */
export async function lookUp(source: GitReference, signal?: AbortSignal): Promise<Head> {
  const { url, ref, transport } = source;
  if (ref !== undefined && COMMIT.test(ref)) return { ref, commit: ref };
  const listed = await git(
    ['ls-remote', '--quiet', '--symref', '--', url, ...patternsFor(ref)],
    `look up ${describe(source)}`,
    { transport, signal, limitMs: LOOK_UP_LIMIT_MS },
  );
  const { refs, head } = parseRefs(listed);
  const found = ref === undefined ? defaultHead(refs, head) : namedHead(source, ref, refs);
  if (found) return found;
  const names = [...refs.keys()].map(shortName);
  throw new PodError('source/reference', `look up ${describe(source)}: the repository has no such ref`, {
    hint:
      names.length > 0
        ? `the repository has: ${names.slice(0, 10).join(', ')}`
        : 'a branch, a tag, or a whole commit id',
  });
}

function describe(source: GitReference): string {
  return `${source.ref === undefined ? 'the HEAD' : `"${source.ref}"`} of ${originOf(source)}`;
}

function patternsFor(ref: string | undefined): string[] {
  if (ref === undefined) return ['HEAD'];
  if (ref.startsWith('refs/')) return [ref, `${ref}^{}`];
  return [`refs/heads/${ref}`, `refs/tags/${ref}`, `refs/tags/${ref}^{}`];
}

interface Refs {
  readonly refs: ReadonlyMap<string, string>;
  /** What HEAD is a name for. */
  readonly head: string | undefined;
}

function parseRefs(text: string): Refs {
  const refs = new Map<string, string>();
  let head: string | undefined;
  for (const line of text.split('\n')) {
    const [value, name] = line.split('\t') as [string, string | undefined];
    if (name === 'HEAD' && value.startsWith('ref: ')) head = value.slice('ref: '.length);
    else if (name !== undefined && COMMIT.test(value)) refs.set(name, value);
  }
  return { refs, head };
}

function defaultHead(refs: Refs['refs'], head: string | undefined): Head | undefined {
  const commit = refs.get('HEAD');
  return commit === undefined ? undefined : { ref: head === undefined ? 'HEAD' : shortName(head), commit };
}

/** Patterns of ls-remote match the ends of names: only the very names count. */
function namedHead(source: GitReference, ref: string, refs: Refs['refs']): Head | undefined {
  const names = ref.startsWith('refs/') ? [ref] : [`refs/heads/${ref}`, `refs/tags/${ref}`];
  const found = names.filter((name) => refs.has(name));
  if (found.length > 1) {
    throw new PodError('source/reference', `look up ${describe(source)}: the name is both a branch and a tag`, {
      hint: `write ref=${found.join(' or ref=')}`,
    });
  }
  // A tag with a message is an object of its own, which leads to the commit.
  const commit = found[0] === undefined ? undefined : (refs.get(`${found[0]}^{}`) ?? refs.get(found[0]));
  return commit === undefined ? undefined : { ref: shortName(found[0]!), commit };
}

function shortName(name: string): string {
  return name.replace(/^refs\/(heads|tags)\//, '');
}

/** Fetches the commit, and nothing of what came before it, into a repository that is made at `gitDir`. */
export async function fetchCommit(
  source: GitReference,
  commit: string,
  gitDir: string,
  signal?: AbortSignal,
): Promise<void> {
  const { url, transport } = source;
  const options: GitOptions = { transport, signal };
  const attempt = `fetch ${commit.slice(0, 12)} of ${originOf(source)}`;
  const format = commit.length === 64 ? ['--object-format=sha256'] : [];
  // No template: it could bring hooks and settings.
  await git(['init', '--quiet', '--bare', '--template=', ...format, '--', gitDir], attempt, options);
  const flags = [
    '--quiet',
    '--depth=1',
    '--no-tags',
    '--no-recurse-submodules',
    '--no-auto-maintenance',
    '--no-write-fetch-head',
  ];
  await git(['--git-dir', gitDir, 'fetch', ...flags, '--', url, `+${commit}:refs/pod/commit`], attempt, options);
  const got = await git(
    ['--git-dir', gitDir, 'rev-parse', '--verify', '--quiet', 'refs/pod/commit^{commit}'],
    attempt,
    options,
  );
  if (got !== commit) throw new PodError('source/reference', `${attempt}: it is not a commit`);
}
