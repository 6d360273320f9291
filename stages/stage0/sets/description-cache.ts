import { parseObject, readIfThere } from '../pod/files.ts';
import type { Description } from './describe.ts';
import { digestOf } from './digest.ts';
import type { FolderFile } from './folder.ts';
import { writeWhole } from './write-whole.ts';

interface Kept {
  readonly path: string;
  readonly baseDir: string;
  /** Digest of the text. */
  readonly digest: string;
  readonly description: Description;
}

/** Increased when the meaning of a description changes: all are then made again. */
const VERSION = 3;

/** Descriptions of manifests from the last run, by file. Losing the cache only costs the time to parse the manifests. */
export class DescriptionCache {
  readonly #path: string;
  readonly #before: Readonly<Record<string, Kept>>;
  readonly #now: Record<string, Kept> = {};
  #isChanged = false;

  constructor(path: string) {
    this.#path = path;
    this.#before = readKept(path);
  }

  recall({ file, path, baseDir, text }: FolderFile): Description | undefined {
    const kept = Object.hasOwn(this.#before, file) ? this.#before[file] : undefined;
    if (kept?.path !== path || kept.baseDir !== baseDir || kept.digest !== digestOf(text)) return undefined;
    this.#now[file] = kept;
    return kept.description;
  }

  keep({ file, path, baseDir, text }: FolderFile, description: Description): void {
    this.#now[file] = { path, baseDir, digest: digestOf(text), description };
    this.#isChanged = true;
  }

  /** Writes the cache if it differs from the stored one. */
  save(): void {
    const isSame = !this.#isChanged && Object.keys(this.#now).length === Object.keys(this.#before).length;
    if (isSame) return;
    const text = JSON.stringify({ version: VERSION, files: this.#now });
    writeWhole(this.#path, `${digestOf(text)}\n${text}`);
  }
}

/** A torn file, a file of another version or a modified file counts as missing: the first line is the digest of the rest. */
function readKept(path: string): Readonly<Record<string, Kept>> {
  const whole = readIfThere(path) ?? '';
  const end = whole.indexOf('\n');
  const text = whole.slice(end + 1);
  if (digestOf(text) !== whole.slice(0, Math.max(0, end))) return {};
  const { version, files } = parseObject(text) ?? {};
  return version === VERSION ? (files as Record<string, Kept>) : {};
}
