import { mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PodError } from '../error.ts';
import { SourceCache, type TreeNote } from './cache.ts';
import { checkOut } from './checkout.ts';
import { type GitReference, originOf } from './reference.ts';
import { fetchCommit, type Head, lookUp } from './remote.ts';
import { type Signers, verifySignature } from './signature.ts';

export interface OpenOptions {
  /** State directory; what is fetched is kept there. */
  readonly root: string;
  /** Commits must be signed by one of these. */
  readonly signers?: Signers | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onWarning?: ((warning: PodError) => void) | undefined;
}

export interface Revision extends Head {
  /** For people: `main@0123456789ab`. */
  readonly label: string;
  /** Who signed the commit, where that was asked for. */
  readonly signer: string | null;
}

/** A source on this machine. As long as it is open, nobody switches it to another revision. */
export interface OpenedSource extends Disposable {
  /** Absolute, and the same for every revision. */
  readonly folder: string;
  readonly revision: Revision;
}

/** Looks up what the source is now, fetches and verifies it unless it is there, and makes it the current one. */
export async function openGitSource(source: GitReference, options: OpenOptions): Promise<OpenedSource> {
  const { root, signal } = options;
  const cache = await SourceCache.open(root, source, signal);
  try {
    const head = await lookUp(source, signal);
    const note = await provide(cache, source, head, options);
    requireFolder(cache, source, head);
    cache.switchTo(head.commit);
    cache.dropOld(root);
    return {
      folder: join(cache.folder, source.path),
      revision: { ...head, label: labelOf(head), signer: note.signer },
      [Symbol.dispose]: () => cache[Symbol.dispose](),
    };
  } catch (error) {
    cache[Symbol.dispose]();
    throw error;
  }
}

function labelOf({ ref, commit }: Head): string {
  return ref === commit ? commit.slice(0, 12) : `${ref}@${commit.slice(0, 12)}`;
}

/** A tree that is there needs nothing more, unless others may sign now. */
async function provide(
  cache: SourceCache,
  source: GitReference,
  { commit }: Head,
  { signers, signal, onWarning }: OpenOptions,
): Promise<TreeNote> {
  const known = cache.noteOf(commit);
  if (known && (signers === undefined || known.signers === signers.digest)) return known;
  const draft = cache.newDraft();
  try {
    const gitDir = `${draft}/git`;
    await fetchCommit(source, commit, gitDir, signal);
    const signer = signers ? await verifySignature(source, commit, { gitDir, signers, signal }) : null;
    const note = { signers: signers?.digest ?? null, signer };
    if (known) {
      cache.note(commit, note);
      return note;
    }
    const tree = `${draft}/tree`;
    mkdirSync(tree, { mode: 0o755 });
    await checkOut({ source, commit, gitDir, into: tree, signal, onWarning });
    cache.keep(commit, tree, note);
    return note;
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Told before anything is switched. */
function requireFolder({ dir }: SourceCache, source: GitReference, { commit }: Head): void {
  const path = join(dir, 'trees', commit, source.path);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  throw new PodError('source/reference', `open ${originOf(source)} at ${commit.slice(0, 12)}: it has no such folder`);
}
