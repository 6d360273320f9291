import { parseObject, readIfThere } from '../pod/files.ts';
import type { Description } from './describe.ts';
import { digestOf } from './digest.ts';
import type { FolderFile } from './folder.ts';
import { writeWhole } from './write-whole.ts';

interface Kept {
  readonly path: string;
  readonly baseDir: string;
  /** Of the text. */
  readonly digest: string;
  readonly description: Description;
}

/** Raised when what a description means changes: all are then made again. */
const VERSION = 2;

/** What manifests were found to say the last time, by file. Losing it costs the time to parse them. */
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

  /** Writes what was kept, if it is not what is there. */
  save(): void {
    const isSame = !this.#isChanged && Object.keys(this.#now).length === Object.keys(this.#before).length;
    if (isSame) return;
    const text = JSON.stringify({ version: VERSION, files: this.#now });
    writeWhole(this.#path, `${digestOf(text)}\n${text}`);
  }
}

/** A file that is torn, of another version, or not as it was written is none: the first line is the digest of the rest. */
function readKept(path: string): Readonly<Record<string, Kept>> {
  const whole = readIfThere(path) ?? '';
  const end = whole.indexOf('\n');
  const text = whole.slice(end + 1);
  if (digestOf(text) !== whole.slice(0, Math.max(0, end))) return {};
  const { version, files } = parseObject(text) ?? {};
  return version === VERSION ? (files as Record<string, Kept>) : {};
}
