import { closeSync, type FSWatcher } from 'node:fs';
import { makeDirectories } from '../../linux/directory.ts';
import { PodError, PodErrors } from '../error.ts';
import { isSameDir, tryLockDir } from '../pod/lock.ts';
import { PodStore } from '../pod/store.ts';
import { isRefusal } from '../refusal.ts';
import type { FolderFile } from '../sets/folder.ts';
import { onAskedForWay } from '../sets/give-way.ts';
import { readHistory } from '../sets/history.ts';
import { namedFiles } from '../sets/named-files.ts';
import { reconcile, type ReconcileOptions, type Source } from '../sets/reconcile.ts';
import type { ReconcileResult } from '../sets/result.ts';
import { noteTrouble, watchDir } from '../sets/watched.ts';
import { NOT_APPLIED } from '../sets/conditions.ts';
import { EndCounter } from './back-off.ts';
import { FolderLook } from './folder-look.ts';
import { FolderWatcher } from './folder-watcher.ts';
import { PodEnds } from './pod-ends.ts';
import { Quiet } from './quiet.ts';
import { type Broken, Tolerance } from './tolerant.ts';
import { isOthers, troubleOf } from './trouble.ts';
import { type RoundEnd, WatchLoop } from './watch-loop.ts';

export interface WatchedSource extends Source {
  /** After a round: what was read need not stay as it is any more. */
  readonly release?: (() => void) | undefined;
}

/** What came of one look at everything. */
export interface Round {
  /** Undefined when nothing could be done. */
  readonly result: ReconcileResult | undefined;
  readonly error: PodError | PodErrors | undefined;
  /** Manifests that do not count as they are, by file. */
  readonly broken: ReadonlyMap<string, Broken>;
  readonly isWell: boolean;
}

export interface WatchOptions extends Omit<ReconcileOptions, 'source' | 'signal'> {
  readonly source: WatchedSource;
  /** Absolute; undefined when the source is not a folder of this host, and is only looked at again and again. */
  readonly folder: string | undefined;
  readonly resyncMs: number;
  readonly onRound: (round: Round) => Promise<void>;
  readonly onPause: (pause: { readonly isWell: boolean; readonly ms: number }) => void;
  readonly onWarning: (warning: Error) => void;
}

/** Somebody else changes the set, or has suspended it: when that is over nobody tells us. */
const OTHERS_MS = 5000;

/** Keeps a set as its source wants it, until it is stopped. Its pods run on. */
export class SetWatch implements Disposable {
  readonly #options: WatchOptions;
  readonly #lockFd: number;
  readonly #loop: WatchLoop;
  readonly #ends: PodEnds;
  readonly #requests: FSWatcher | undefined;
  readonly #counter = new EndCounter();
  readonly #tolerance: Tolerance;
  readonly #quiet: Quiet;
  readonly #watcher: FolderWatcher | undefined;
  readonly #look: FolderLook | undefined;
  #toldPartial = false;
  #trouble: string | undefined;

  /** Throws `set/busy` when somebody watches the set already. */
  constructor(options: WatchOptions) {
    const { root, set, folder, resyncMs, onPause } = options;
    this.#options = options;
    this.#lockFd = lockWatch(root, set);
    // Of a watcher that is no more.
    noteTrouble(root, set, undefined);
    this.#tolerance = new Tolerance(readHistory(root, set).at(-1)?.files ?? []);
    this.#loop = new WatchLoop({ resyncMs, onPause, round: (signal) => this.#round(signal) });
    this.#requests = onAskedForWay(root, set, () => this.#loop.giveWay(OTHERS_MS));
    this.#ends = new PodEnds(new PodStore(root), (name) => this.#podEnded(name));
    this.#quiet = new Quiet(() => this.#lookAtFolder());
    this.#look = folder === undefined ? undefined : new FolderLook(folder);
    this.#watcher = folder === undefined ? undefined : new FolderWatcher(folder, () => this.#quiet.event());
  }

  /** Resolves after `stop`. */
  run(): Promise<void> {
    return this.#loop.run();
  }

  /** A round at once, whatever has happened. */
  begin(): void {
    this.#counter.forget();
    this.#loop.begin();
  }

  stop(): void {
    this.#loop.stop();
  }

  [Symbol.dispose](): void {
    this.#watcher?.[Symbol.dispose]();
    this.#requests?.close();
    this.#quiet[Symbol.dispose]();
    this.#ends[Symbol.dispose]();
    closeSync(this.#lockFd);
  }

  async #round(signal: AbortSignal): Promise<RoundEnd> {
    const { source, onRound } = this.#options;
    this.#ends.hold();
    // First: what changes from here on is another change.
    this.#refresh();
    this.#look?.take();
    try {
      const round = await this.#reconcile(signal);
      if (round.result) this.#follow(round.result);
      if (!isOthers(round)) this.#note(troubleOf(round));
      await onRound(round);
      return { isWell: round.isWell, againMs: isOthers(round) ? OTHERS_MS : undefined };
    } finally {
      source.release?.();
    }
  }

  /** What is wrong with one manifest keeps no other from coming about, and what is wrong with all none from running on. */
  async #reconcile(signal: AbortSignal): Promise<Round> {
    const tolerance = this.#tolerance;
    const { broken } = tolerance;
    tolerance.beginRound();
    let blind: Round['error'];
    for (;;) {
      const files: FolderFile[] = [];
      try {
        const result = await this.#attempt(files, blind !== undefined, signal);
        if (!blind) tolerance.remember(files);
        const isWell = !blind && broken.size === 0 && result.failures.size === 0;
        return { result, error: blind, broken, isWell };
      } catch (error) {
        signal.throwIfAborted();
        const known = forPeople(error);
        if (tolerance.isolate(known, files)) continue;
        if (blind || isOthers({ error: known }) || this.#lastFiles().length === 0)
          return { result: undefined, error: blind ?? known, broken, isWell: false };
        blind = known;
      }
    }
  }

  /** `files` gets what was read, or blindly what was brought about last. */
  #attempt(files: FolderFile[], isBlind: boolean, signal: AbortSignal): Promise<ReconcileResult> {
    const { source, prune } = this.#options;
    const tolerance = this.#tolerance;
    const read: Source['read'] = async (limits) => {
      files.push(...(isBlind ? this.#lastFiles() : await source.read(limits)));
      const judged = tolerance.judge(files);
      await this.#name([...files, ...judged]);
      return judged;
    };
    return reconcile({
      ...this.#options,
      isWatcher: true,
      source: { origin: source.origin, read },
      // A pod whose manifest is broken is not one that is not wanted.
      prune: (prune ?? false) && !isBlind && tolerance.broken.size === 0,
      isBlind,
      signal,
    });
  }

  /** Of a set that never came about, none. */
  #lastFiles(): FolderFile[] {
    const files = readHistory(this.#options.root, this.#options.set).at(-1)?.files ?? [];
    return files.map((file) => ({ ...file, standIn: 'restart' }));
  }

  /** What the manifests name counts from here on. */
  async #name(files: readonly FolderFile[]): Promise<void> {
    if (!this.#look) return;
    const { root, set } = this.#options;
    this.#look.name(await namedFiles(files, { root, set, folder: this.#look.dir }));
    this.#refresh();
  }

  #note(trouble: string | undefined): void {
    const { root, set, onEvent } = this.#options;
    if (trouble === this.#trouble) return;
    const isNews = (trouble === undefined) !== (this.#trouble === undefined);
    this.#trouble = trouble;
    try {
      noteTrouble(root, set, trouble);
    } catch (error) {
      // A full disk is no reason to watch no more.
      if (!(error instanceof PodError)) throw error;
      this.#options.onWarning(error);
    }
    if (isNews) onEvent?.({ e: 'condition', type: 'Stalled', status: trouble !== undefined, reason: NOT_APPLIED });
  }

  #follow({ inventory }: ReconcileResult): void {
    const pods = Object.entries(inventory.pods).flatMap(([name, { current, isCompleted }]): [string, string][] =>
      current && !isCompleted ? [[current.uuid, name]] : [],
    );
    this.#ends.follow(new Map(pods));
  }

  #podEnded(name: string): void {
    this.#loop.beginIn(this.#counter.note(name, Date.now()));
  }

  #lookAtFolder(): void {
    this.#refresh();
    if (this.#look?.isOther()) this.begin();
  }

  #refresh(): void {
    if (!this.#watcher) return;
    this.#watcher.refresh(this.#look?.named);
    if (this.#watcher.isPartial && !this.#toldPartial) {
      this.#toldPartial = true;
      this.#options.onWarning(new Error('part of the folder cannot be watched: pod checks that part at intervals'));
    }
  }
}

/** Anything that is not for people is a bug of ours. */
function forPeople(error: unknown): PodError | PodErrors {
  if (error instanceof PodError || error instanceof PodErrors) return error;
  if (isRefusal(error))
    return new PodError('host/refused', `ask the kernel: ${(error as Error).message}`, { cause: error });
  throw error;
}

function lockWatch(root: string, set: string): number {
  const dir = watchDir(root, set);
  for (;;) {
    const fd = tryLockMade(dir);
    if (fd === undefined) break;
    // Whoever removed the set meanwhile held the lock of a directory that is no more.
    if (isSameDir(fd, dir)) return fd;
    closeSync(fd);
  }
  throw new PodError('set/busy', `watch set "${set}": another pod process is watching it`, {
    hint: 'stop that process first',
  });
}

/** Undefined when somebody has it. */
function tryLockMade(dir: string): number | undefined {
  try {
    makeDirectories(dir, 0o700);
    return tryLockDir(dir);
  } catch (error) {
    throw new PodError('state/io', `use "${dir}": ${(error as Error).message}`, { cause: error });
  }
}
