import { readFileSync } from 'node:fs';
import { resolveCached, resolveImage } from '../image/resolve.ts';
import type { ImageProgress } from '../image/types.ts';
import type { Position } from '../error.ts';
import { statIfThere } from '../pod/files.ts';
import { digestOf } from './digest.ts';
import type { Contents } from './types.ts';

export interface ContentsOptions {
  /** `<root>/images`. */
  readonly storeDir: string;
  readonly onProgress?: ((progress: ImageProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a manifest refers to, as it is written there. */
export interface References {
  readonly images: readonly { readonly ref: string; readonly at: Position }[];
  /** Absolute paths of host sources that may be files. */
  readonly sources: readonly string[];
}

/** Larger files are known by how they look from outside: hashing gigabytes at each look would be no look. */
const MAX_HASHED_BYTES = 4 * 1024 * 1024;

/** Looks at what manifests refer to; what many refer to is looked at once. */
export class ContentsReader {
  readonly #options: ContentsOptions;
  readonly #images = new Map<string, Promise<string | undefined>>();
  readonly #files = new Map<string, string | undefined>();

  constructor(options: ContentsOptions) {
    this.#options = options;
  }

  /** Throws what is wrong with the images, at their lines. A source that is missing is for the compiler to tell. */
  async read({ images, sources }: References, baseDir: string): Promise<Contents> {
    const digests: Record<string, string> = {};
    for (const { ref, at } of images) {
      const digest = await this.#image(ref, baseDir, at);
      if (digest !== undefined) digests[ref] = digest;
    }
    const files: Record<string, string> = {};
    for (const source of sources) {
      const digest = this.#file(source);
      if (digest !== undefined) files[source] = digest;
    }
    return { images: digests, files };
  }

  #image(ref: string, baseDir: string, at: Position): Promise<string | undefined> {
    // The host's own system is what it is: a user more in /etc/passwd is no new version of a pod.
    if (ref === 'host') return Promise.resolve(undefined);
    const key = `${baseDir}\0${ref}`;
    const known = this.#images.get(key) ?? this.#resolve(ref, baseDir, at);
    this.#images.set(key, known);
    return known;
  }

  async #resolve(ref: string, baseDir: string, at: Position): Promise<string> {
    const { storeDir, onProgress, signal } = this.#options;
    const options = { storeDir, baseDir, at, ...(onProgress ? { onProgress } : {}), ...(signal ? { signal } : {}) };
    return (resolveCached(ref, options) ?? (await resolveImage(ref, options))).digest;
  }

  #file(path: string): string | undefined {
    if (!this.#files.has(path)) this.#files.set(path, digestOfFile(path));
    return this.#files.get(path);
  }
}

/** Undefined for what is no regular file. */
export function digestOfFile(path: string): string | undefined {
  const found = statIfThere(path);
  if (!found?.isFile()) return undefined;
  if (found.size > MAX_HASHED_BYTES) return `stat:${found.ino}:${found.size}:${found.mtimeMs}`;
  return digestOf(readFileSync(path));
}
