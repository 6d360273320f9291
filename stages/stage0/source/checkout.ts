// git-cat-file(1)

import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { PodError } from '../error.ts';
import { git, gitCommand, gitFailure, requireRan } from './git.ts';
import { type GitReference, originOf } from './reference.ts';
import { hostile, parseTree, staysInside, type TreeEntry } from './tree.ts';

export interface CheckoutInput {
  readonly source: GitReference;
  readonly commit: string;
  readonly gitDir: string;
  /** An empty directory of ours. */
  readonly into: string;
  readonly signal?: AbortSignal | undefined;
  readonly onWarning?: ((warning: PodError) => void) | undefined;
}

/**
 * Writes a commit's files. Not by git's own checkout: attributes in a repository can make that run filters (LFS is one), change
 * line ends, and fetch submodules. Links are made last, so that no file is written through one.
 */
export async function checkOut(input: CheckoutInput): Promise<void> {
  const { source, commit, gitDir, into, signal, onWarning } = input;
  const what = `${commit.slice(0, 12)} of ${originOf(source)}`;
  const options = { transport: source.transport, signal };
  const listing = ['--git-dir', gitDir, 'ls-tree', '-r', '-l', '-z', '--full-tree', commit];
  const { entries, submodules } = parseTree(await git(listing, `list ${what}`, options), what);
  for (const path of submodules.filter((one) => isBelow(one, source.path)))
    onWarning?.(new PodError('source/hostile', `check out ${what}: "${path}" is a submodule, and is left empty`));
  const links: [TreeEntry, string][] = [];
  const made = new Set<string>();
  await readBlobs(entries, input, (entry, content) => {
    if (entry.kind === 'link') links.push([entry, content.toString('utf8')]);
    else writeEntry(into, entry, content, made, what);
  });
  for (const [{ path }, target] of links) makeLink(input, path, target, made, what);
}

function writeEntry(into: string, { path, kind }: TreeEntry, content: Buffer, made: Set<string>, what: string): void {
  makeParents(into, path, made, what);
  once(what, path, () => {
    writeFileSync(`${into}/${path}`, content, { flag: 'wx' });
    chmodSync(`${into}/${path}`, kind === 'program' ? 0o755 : 0o644);
  });
}

/** One in the folder that leads out of the repository is refused; elsewhere it is left out: nobody asked for it. */
function makeLink(
  { source, into, onWarning }: CheckoutInput,
  path: string,
  target: string,
  made: Set<string>,
  what: string,
): void {
  if (staysInside(path, target)) {
    makeParents(into, path, made, what);
    return once(what, path, () => symlinkSync(target, `${into}/${path}`));
  }
  const problem = hostile(
    what,
    `"${path}" is a link that leaves the repository, to ${JSON.stringify(target.slice(0, 200))}`,
  );
  if (isBelow(path, source.path)) throw problem;
  onWarning?.(problem);
}

function makeParents(into: string, path: string, made: Set<string>, what: string): void {
  const parent = dirname(path);
  if (parent === '.' || made.has(parent)) return;
  makeParents(into, parent, made, what);
  once(what, parent, () => {
    mkdirSync(`${into}/${parent}`);
    chmodSync(`${into}/${parent}`, 0o755);
  });
  made.add(parent);
}

/** A tree in which two entries have one name is no tree that git makes. */
function once(what: string, path: string, make: () => void): void {
  try {
    make();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOTDIR') throw hostile(what, `"${path}" is there twice`);
    throw new PodError('state/io', `check out ${what}: ${message}`, { cause: error });
  }
}

function isBelow(path: string, folder: string): boolean {
  return folder === '' || path === folder || path.startsWith(`${folder}/`);
}

/** All contents, in order, by one process. */
async function readBlobs(
  entries: readonly TreeEntry[],
  { source, gitDir, signal }: CheckoutInput,
  take: (entry: TreeEntry, content: Buffer) => void,
): Promise<void> {
  const { execa } = await import('execa');
  const command = gitCommand(['--git-dir', gitDir, 'cat-file', '--batch'], { transport: source.transport, signal });
  const { stdin: _stdin, ...options } = command.options;
  const child = execa('git', command.words, {
    ...options,
    input: entries.map(({ blob }) => `${blob}\n`).join(''),
    encoding: 'buffer',
    buffer: { stdout: false, stderr: true },
  });
  const reader = new BatchReader(entries, take);
  try {
    for await (const chunk of child.stdout! as AsyncIterable<Buffer>) reader.write(chunk);
  } finally {
    child.stdout!.destroy();
  }
  const result = await child;
  requireRan(result, { transport: source.transport, signal });
  if (result.exitCode !== 0 || !reader.isDone) {
    const said = Buffer.from(result.stderr as unknown as Uint8Array).toString('utf8');
    throw gitFailure(`read the files of ${originOf(source)}`, said);
  }
}

/** Takes apart what `cat-file --batch` prints: `ID blob BYTES`, a newline, the bytes, a newline; again and again. */
class BatchReader {
  readonly #entries: readonly TreeEntry[];
  readonly #take: (entry: TreeEntry, content: Buffer) => void;
  #next = 0;
  #parts: Buffer[] = [];
  #held = 0;
  /** Bytes of the header and of all that belongs to it; undefined before there is a header. */
  #wanted: { readonly header: number; readonly whole: number } | undefined;

  constructor(entries: readonly TreeEntry[], take: (entry: TreeEntry, content: Buffer) => void) {
    this.#entries = entries;
    this.#take = take;
  }

  get isDone(): boolean {
    return this.#next === this.#entries.length && this.#held === 0;
  }

  write(chunk: Buffer): void {
    this.#parts.push(chunk);
    this.#held += chunk.length;
    while (this.#held > 0) {
      if (this.#wanted && this.#held < this.#wanted.whole) return;
      const held = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
      this.#parts = [held];
      this.#wanted ??= this.#readHeader(held);
      if (!this.#wanted || held.length < this.#wanted.whole) return;
      const { header, whole } = this.#wanted;
      this.#take(this.#entries[this.#next++]!, held.subarray(header, whole - 1));
      this.#parts = [held.subarray(whole)];
      this.#held = held.length - whole;
      this.#wanted = undefined;
    }
  }

  #readHeader(held: Buffer): { header: number; whole: number } | undefined {
    const end = held.indexOf('\n');
    if (end < 0) return undefined;
    const entry = this.#entries[this.#next];
    const [id, type, size] = held.toString('latin1', 0, end).split(' ');
    if (!entry || id !== entry.blob || type !== 'blob' || Number(size) !== entry.bytes)
      throw new Error(`git cat-file answered "${held.toString('latin1', 0, Math.min(end, 200))}"`);
    return { header: end + 1, whole: end + 1 + entry.bytes + 1 };
  }
}
