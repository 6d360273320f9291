import { readFileSync } from 'node:fs';
import { resolveCached } from '../image/resolve.ts';
import { resolveOwn } from '../launch/resolve-own.ts';
import type { ImageProgress } from '../image/types.ts';
import type { Position } from '../error.ts';
import { type Pins, pinToFetch, readPins } from '../pins/pins.ts';
import { statIfThere } from '../pod/files.ts';
import { digestOf } from './digest.ts';
import type { Contents } from './types.ts';

export interface ContentsOptions {
  /** `<root>/images`. */
  readonly storeDir: string;
  readonly onProgress?: ((progress: ImageProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The references in a manifest, as written there. */
export interface References {
  readonly images: readonly { readonly ref: string; readonly at: Position }[];
  /** Absolute paths of host sources that may be files. */
  readonly sources: readonly string[];
}

/** Larger files are identified by their metadata only: hashing gigabytes at each check would take too long. */
const MAX_HASHED_BYTES = 4 * 1024 * 1024;

/** Reads what manifests refer to; shared references are read once. */
export class ContentsReader {
  readonly #options: ContentsOptions;
  readonly #images = new Map<string, Promise<string | undefined>>();
  readonly #files = new Map<string, string | undefined>();
  readonly #pins = new Map<string, Promise<Pins | undefined>>();

  constructor(options: ContentsOptions) {
    this.#options = options;
  }

  /** Throws errors about images, at their lines. A missing source is left to the compiler. */
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
    // The host's system has no digest: a new user in /etc/passwd does not make a new version of a pod.
    if (ref === 'host') return Promise.resolve(undefined);
    const key = `${baseDir}\0${ref}`;
    const known = this.#images.get(key) ?? this.#resolve(ref, baseDir, at);
    this.#images.set(key, known);
    return known;
  }

  async #resolve(ref: string, baseDir: string, at: Position): Promise<string> {
    const { storeDir, onProgress, signal } = this.#options;
    const digest = pinToFetch(await this.#pinsOf(baseDir), ref);
    const options = { storeDir, baseDir, at, digest, ...(onProgress && { onProgress }), ...(signal && { signal }) };
    return (resolveCached(ref, options) ?? (await resolveOwn(ref, options))).digest;
  }

  /** Read once: a lock that is malformed is one error, however many images want to know it. */
  #pinsOf(dir: string): Promise<Pins | undefined> {
    const known = this.#pins.get(dir) ?? (async () => readPins(dir))();
    this.#pins.set(dir, known);
    return known;
  }

  #file(path: string): string | undefined {
    if (!this.#files.has(path)) this.#files.set(path, digestOfFile(path));
    return this.#files.get(path);
  }
}

/** Undefined for anything that is not a regular file. */
export function digestOfFile(path: string): string | undefined {
  const found = statIfThere(path);
  if (!found?.isFile()) return undefined;
  if (found.size > MAX_HASHED_BYTES) return `stat:${found.ino}:${found.size}:${found.mtimeMs}`;
  return digestOf(readFileSync(path));
}
