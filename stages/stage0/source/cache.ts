import { createHash } from 'node:crypto';
import {
  closeSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { makeDirectories } from '../../linux/directory.ts';
import { Fd } from '../../linux/fd.ts';
import { denialHint, PodError } from '../error.ts';
import { parseObject, readIfThere } from '../pod/files.ts';
import { isSameDir, tryLockDir } from '../pod/lock.ts';
import { removeTree } from '../pod/remove-tree.ts';
import { type GitReference, originOf } from './reference.ts';
import { treesInUse } from './in-use.ts';

/** What is known of a tree that was checked out. */
export interface TreeNote {
  /** Digest of the allowed signers that the commit was verified by; null when it was not. */
  readonly signers: string | null;
  readonly signer: string | null;
}

const DRAFT = '.draft-';
/** What the source calls itself, for who looks after the directory without having one. */
export const ORIGIN_FILE = 'origin';
/** For another process that fetches the same. */
const LOCK_LIMIT_MS = 120_000;

export function sourcesDir(root: string): string {
  return `${root}/sources`;
}

/**
 * What a source was checked out to, `<root>/sources/KEY`: `trees/COMMIT`, each with a note beside it, and `current`, a link to one
 * of them. Paths lead through the link, so that a manifest that is the same in two commits is the same manifest. Locked as long
 * as it is open.
 */
export class SourceCache implements Disposable {
  readonly dir: string;
  readonly #lock: Fd;

  private constructor(dir: string, fd: number) {
    this.dir = dir;
    this.#lock = new Fd(fd);
  }

  /** Waits for who has it. Throws `source/busy` when that takes too long. */
  static async open(root: string, source: GitReference, signal?: AbortSignal): Promise<SourceCache> {
    const key = createHash('sha256')
      .update(`${originOf(source)}\0${source.ref ?? ''}`)
      .digest('hex')
      .slice(0, 20);
    const dir = `${sourcesDir(root)}/${key}`;
    const deadlineMs = Date.now() + LOCK_LIMIT_MS;
    for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 200)) {
      signal?.throwIfAborted();
      const fd = lockMade(dir);
      if (fd !== undefined && isSameDir(fd, dir)) return new SourceCache(dir, fd).#swept(originOf(source));
      if (fd !== undefined) closeSync(fd);
      if (Date.now() > deadlineMs)
        throw new PodError('source/busy', `use ${originOf(source)}: another pod process is using it`);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  get folder(): string {
    return `${this.dir}/current`;
  }

  /** The commit that `current` is, if there is one. */
  get commit(): string | undefined {
    try {
      return readlinkSync(this.folder).replace(/^trees\//, '');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw failure(`read "${this.folder}"`, error);
    }
  }

  /** Undefined when the tree is not there as a whole. */
  noteOf(commit: string): TreeNote | undefined {
    if (!statSync(`${this.dir}/trees/${commit}`, { throwIfNoEntry: false })?.isDirectory()) return undefined;
    return parseObject(readIfThere(`${this.dir}/trees/${commit}.json`) ?? '') as TreeNote | undefined;
  }

  /** A directory of ours to work in; what is left of it goes at the next opening. */
  newDraft(): string {
    return mkdtempSync(`${this.dir}/${DRAFT}`);
  }

  /** Takes a finished tree in. One that is there already stays: pods may have it. */
  keep(commit: string, tree: string, note: TreeNote): void {
    const path = `${this.dir}/trees/${commit}`;
    try {
      makeDirectories(`${this.dir}/trees`, 0o755);
      if (!statSync(path, { throwIfNoEntry: false })) renameSync(tree, path);
      this.note(commit, note);
    } catch (error) {
      throw failure(`keep "${path}"`, error);
    }
  }

  note(commit: string, note: TreeNote): void {
    const path = `${this.dir}/trees/${commit}.json`;
    writeFileSync(`${path}.new`, JSON.stringify(note), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }

  /** In one step: who looks sees the old tree or the new one. */
  switchTo(commit: string): void {
    if (this.commit === commit) return;
    const draft = `${this.dir}/${DRAFT}link`;
    rmSync(draft, { force: true });
    symlinkSync(`trees/${commit}`, draft);
    renameSync(draft, this.folder);
  }

  /** Removes trees that are not `current` and that no pod has a part of. */
  dropOld(root: string): void {
    const names = readdirSync(`${this.dir}/trees`);
    const old = names.filter((name) => /^[0-9a-f]+$/.test(name) && name !== this.commit);
    if (old.length === 0) return;
    const used = treesInUse(root, this.dir);
    for (const commit of old.filter((one) => !used.has(one))) {
      rmSync(`${this.dir}/trees/${commit}.json`, { force: true });
      removeTree(`${this.dir}/trees/${commit}`);
    }
  }

  [Symbol.dispose](): void {
    this.#lock[Symbol.dispose]();
  }

  /** Without what was left by a process that was killed. A failure lets go of the lock: it would be held by nobody who knows. */
  #swept(origin: string): this {
    try {
      if (readIfThere(`${this.dir}/${ORIGIN_FILE}`) !== origin) writeFileSync(`${this.dir}/${ORIGIN_FILE}`, origin);
      for (const name of readdirSync(this.dir)) {
        if (name.startsWith(DRAFT)) rmSync(`${this.dir}/${name}`, { recursive: true, force: true });
      }
      return this;
    } catch (error) {
      this[Symbol.dispose]();
      throw failure(`use "${this.dir}"`, error);
    }
  }
}

/** Undefined when somebody has it. */
function lockMade(dir: string): number | undefined {
  try {
    makeDirectories(dir, 0o700);
    return tryLockDir(dir);
  } catch (error) {
    throw failure(`use "${dir}"`, error);
  }
}

function failure(attempt: string, error: unknown): PodError {
  return new PodError('state/io', `${attempt}: ${(error as Error).message}`, { hint: denialHint(error), cause: error });
}
