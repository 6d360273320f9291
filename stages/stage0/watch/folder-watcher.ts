// inotify(7), path_resolution(7)

import { type FSWatcher, readlinkSync, statSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isUnreadable } from '../sets/folder.ts';
import { walkFolder } from '../sets/walk-folder.ts';
import { isKernelError } from '../error.ts';

/** A name in a directory that decides what a path leads to. */
interface Turn {
  readonly dir: string;
  readonly name: string;
}

interface Watched {
  readonly watcher: FSWatcher;
  /** Of the directory itself: another one may have taken its place. */
  readonly id: string;
  /** The names that count; undefined: all. */
  names: ReadonlySet<string> | undefined;
}

/** As many links as the kernel follows. */
const MAX_LINKS = 40;
/** Each costs kernel memory; users have some 8,000 at least. Changes elsewhere are found at the next look. */
const MAX_WATCHES = 1000;

/**
 * Tells that something happened in a folder, below it, or to the way that leads there: the folder may be replaced by another one,
 * or be a link that is switched, and so may its files. The kernel watches directories and not paths, so `refresh` is to be called
 * after each event.
 */
export class FolderWatcher implements Disposable {
  readonly #dir: string;
  readonly #onEvent: () => void;
  readonly #watched = new Map<string, Watched>();
  /** Not everything could be watched. */
  isPartial = false;

  constructor(dir: string, onEvent: () => void) {
    this.#dir = dir;
    this.#onEvent = onEvent;
    this.refresh();
  }

  /** `named`: paths that count though the folder's walk may leave them out. */
  refresh(named: readonly string[] = []): void {
    this.isPartial = false;
    const wanted = this.#wanted(named);
    for (const [dir, { watcher, id }] of this.#watched) {
      if (wanted.has(dir) && idOf(dir) === id) continue;
      watcher.close();
      this.#watched.delete(dir);
    }
    for (const [dir, names] of wanted) this.#watch(dir, names);
  }

  [Symbol.dispose](): void {
    for (const { watcher } of this.#watched.values()) watcher.close();
    this.#watched.clear();
  }

  /** Directories, with the names in them that count. */
  #wanted(named: readonly string[]): Map<string, ReadonlySet<string> | undefined> {
    const wanted = new Map<string, Set<string> | undefined>();
    const turns = [this.#dir, ...named].flatMap(turnsOf);
    try {
      for (const { file, kind, isLink } of walkFolder(this.#dir)) {
        const path = join(this.#dir, file);
        if (kind === 'folder') wanted.set(path, undefined);
        if (isLink) turns.push(...turnsOf(path));
      }
    } catch (error) {
      // Whoever reads the folder says what is wrong with it.
      if (!isUnreadable(error)) throw error;
    }
    for (const { dir, name } of turns) {
      if (wanted.has(dir)) wanted.get(dir)?.add(name);
      else wanted.set(dir, new Set([name]));
    }
    return wanted;
  }

  #watch(dir: string, names: ReadonlySet<string> | undefined): void {
    const known = this.#watched.get(dir);
    if (known) {
      known.names = names;
      return;
    }
    if (this.#watched.size >= MAX_WATCHES) {
      this.isPartial = true;
      return;
    }
    // Before the watch: if another directory takes the place meanwhile, the next look sees that it is not this one.
    const id = idOf(dir);
    try {
      const watcher = watch(dir, (_event, name) => this.#take(dir, name));
      watcher.on('error', () => this.#drop(dir, watcher));
      this.#watched.set(dir, { watcher, id, names });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // It went; whoever watches its parent will hear of it.
      if (code === 'ENOENT' || code === 'ENOTDIR') return;
      if (code !== 'ENOSPC' && code !== 'EMFILE' && code !== 'EACCES') throw error;
      this.isPartial = true;
    }
  }

  #take(dir: string, name: string | null): void {
    const names = this.#watched.get(dir)?.names;
    if (names === undefined || name === null || names.has(name)) this.#onEvent();
  }

  #drop(dir: string, watcher: FSWatcher): void {
    watcher.close();
    if (this.#watched.get(dir)?.watcher === watcher) this.#watched.delete(dir);
    this.isPartial = true;
    this.#onEvent();
  }
}

function idOf(dir: string): string {
  const stat = tried(() => statSync(dir));
  return stat ? `${stat.dev}:${stat.ino}` : 'none';
}

/** Each link on the way, and the last name: a change of one of them is another thing at the end. */
export function turnsOf(path: string): Turn[] {
  const turns: Turn[] = [];
  const rest = path.split('/').filter((part) => part !== '');
  let at = '/';
  for (let links = 0, name = rest.shift(); name !== undefined; name = rest.shift()) {
    if (name === '.') continue;
    if (name === '..') {
      at = dirname(at);
      continue;
    }
    const here = join(at, name);
    const target = linkAt(here);
    const isGone = target === undefined && tried(() => statSync(here)) === undefined;
    if (target !== undefined || isGone || rest.length === 0) turns.push({ dir: at, name: basename(here) });
    if (isGone || links > MAX_LINKS) break;
    if (target === undefined) at = here;
    else {
      links++;
      rest.unshift(...target.split('/').filter((part) => part !== ''));
      if (target.startsWith('/')) at = '/';
    }
  }
  return turns;
}

function linkAt(path: string): string | undefined {
  return tried(() => readlinkSync(path));
}

/** Undefined for what the kernel refuses. */
function tried<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (isKernelError(error)) return undefined;
    throw error;
  }
}
