import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { isUnreadable } from '../sets/folder.ts';
import { walkFolder } from '../sets/walk-folder.ts';

const MANIFEST = /\.(yaml|yml|json)$/;
/** What editors and programs leave beside files for a moment. */
const TRANSIENT = /^#|~$|^4913$/;
/** A manifest is smaller. */
const MAX_BYTES = 1024 * 1024;

/**
 * Changes when a folder does: of manifests the content counts, of other files how they look from outside. An editor's temporary
 * files, and a file that is written anew as it was, change nothing.
 */
export function fingerprint(dir: string): string {
  const hash = createHash('sha256');
  try {
    for (const { file, kind } of walkFolder(dir)) {
      if (TRANSIENT.test(basename(file)) && !MANIFEST.test(file)) continue;
      hash.update(`${file}\0${kind === 'file' ? lookOf(join(dir, file)) : kind}\0`);
    }
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    hash.update(error.message);
  }
  return hash.digest('hex');
}

function lookOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 'gone';
  if (MANIFEST.test(path) && stat.isFile() && stat.size <= MAX_BYTES) return contentOf(path);
  return `${stat.mode}:${stat.ino}:${stat.size}:${stat.mtimeMs}`;
}

function contentOf(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch (error) {
    // It went, or nobody may read it: what reads it for good will say so.
    if (error instanceof Error && 'syscall' in error) return error.message;
    throw error;
  }
}
