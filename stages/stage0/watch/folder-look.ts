import { PodError } from '../error.ts';
import { digestOf } from '../sets/digest.ts';
import { readFolder } from '../sets/folder.ts';
import { lookOf } from '../sets/named-files.ts';

/**
 * What a folder looked like when it was read last. Its manifests count, and the files that they name; all else that lies there, such
 * as what pods write into their volumes, does not.
 */
export class FolderLook {
  /** Absolute. */
  readonly dir: string;
  #manifests: string | undefined;
  #named: ReadonlyMap<string, string> = new Map();

  constructor(dir: string) {
    this.dir = dir;
  }

  get named(): readonly string[] {
    return [...this.#named.keys()];
  }

  /** Before it is read: what changes from here on is another change. */
  take(): void {
    this.#manifests = manifestsIn(this.dir);
    this.name(this.named);
  }

  /** Absolute paths, before what lies there is looked at. Those of before count no more. */
  name(paths: readonly string[]): void {
    this.#named = new Map(paths.map((path) => [path, lookOf(path)]));
  }

  isOther(): boolean {
    return manifestsIn(this.dir) !== this.#manifests || [...this.#named].some(([path, look]) => lookOf(path) !== look);
  }
}

function manifestsIn(dir: string): string {
  try {
    return digestOf(JSON.stringify(readFolder(dir, dir).map(({ file, text, wrong }) => [file, text, wrong?.message])));
  } catch (error) {
    if (error instanceof PodError) return error.message;
    throw error;
  }
}
