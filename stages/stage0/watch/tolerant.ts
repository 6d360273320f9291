import { type PodError, podErrorsOf } from '../error.ts';
import type { FolderFile, StandIn } from '../sets/folder.ts';

/** What is tried when one kind of stand-in is broken too. */
const NEXT: Readonly<Record<StandIn, StandIn | undefined>> = { restart: 'keep', keep: undefined };

/** A manifest that cannot be brought about as it is now. */
export interface Broken {
  readonly errors: readonly PodError[];
  /** What counts instead: how it last was when it was good, or nothing at all. */
  readonly instead: (FolderFile & { readonly standIn: StandIn }) | undefined;
}

/** Keeps what is wrong with one manifest from all others: it counts as it last was. */
export class Tolerance {
  readonly #good: Map<string, FolderFile>;
  readonly #broken = new Map<string, Broken>();

  /** `good`: files as they last were brought about. */
  constructor(good: readonly FolderFile[]) {
    this.#good = new Map(good.map((file) => [file.file, file]));
  }

  /** Of the round that is under way. */
  get broken(): ReadonlyMap<string, Broken> {
    return this.#broken;
  }

  beginRound(): void {
    this.#broken.clear();
  }

  /** The files as they count. */
  judge(files: readonly FolderFile[]): FolderFile[] {
    return files.flatMap((file) => {
      const broken = this.#broken.get(file.file);
      return broken ? (broken.instead ?? []) : file;
    });
  }

  /** They were brought about, but for those that are broken. */
  remember(files: readonly FolderFile[]): void {
    const good = this.judge(files).map((file): [string, FolderFile] => [file.file, file]);
    // One that is left out keeps what it was, for the day that it is missed.
    const rest = [...this.#broken.keys()].flatMap((file): [string, FolderFile][] => {
      const known = this.#good.get(file);
      return known ? [[file, known]] : [];
    });
    this.#good.clear();
    for (const [name, file] of [...rest, ...good]) this.#good.set(name, file);
  }

  /** Whether the error is of manifests that can be held apart; another attempt is worth it then. Throws what is our own bug. */
  isolate(error: unknown, files: readonly FolderFile[]): boolean {
    const errors = podErrorsOf(error);
    const byPath = new Map(files.map((file) => [file.path, file]));
    const found = new Map<FolderFile, PodError[]>();
    for (const one of errors) {
      const file = one.at && byPath.get(one.at.file);
      for (const blamed of file ? this.#blame(one, file, files) : [])
        found.set(blamed, [...(found.get(blamed) ?? []), one]);
    }
    const fresh = [...found].filter(([file]) => this.#set(file, found.get(file)!));
    return fresh.length > 0;
  }

  /** Of two with one name, the one that came is to blame and not the one that was there. */
  #blame({ code }: PodError, file: FolderFile, files: readonly FolderFile[]): readonly FolderFile[] {
    if (code !== 'manifest/duplicate' || !this.#isAsBefore(file)) return [file];
    const others = files.filter((one) => !this.#isAsBefore(one) && !this.#broken.has(one.file));
    return others.length > 0 ? others : [file];
  }

  #isAsBefore({ file, text }: FolderFile): boolean {
    return this.#good.get(file)?.text === text;
  }

  /** False when nothing more can be done for the file. */
  #set(file: FolderFile, errors: readonly PodError[]): boolean {
    const before = this.#broken.get(file.file);
    if (before && !before.instead) return false;
    const good = this.#good.get(file.file);
    const standIn = before?.instead ? NEXT[before.instead.standIn] : 'restart';
    const instead = good && standIn && { ...good, standIn };
    this.#broken.set(file.file, { errors: before?.errors ?? errors, instead });
    return true;
  }
}
