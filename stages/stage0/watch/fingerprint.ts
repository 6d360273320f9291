import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { walk } from './walk.ts';

const MANIFEST = /\.(yaml|yml|json)$/;
/** A manifest is smaller. */
const MAX_BYTES = 1024 * 1024;

/**
 * Changes when a folder does: of manifests the content counts, of other files how they look from outside. An editor's temporary
 * files, and a file that is written anew as it was, change nothing.
 */
export function fingerprint(dir: string): string {
  const hash = createHash('sha256');
  for (const { path, stat } of walk(dir)) {
    if (stat.isDirectory()) hash.update(`${path}/\0`);
    else if (MANIFEST.test(path) && stat.isFile() && stat.size <= MAX_BYTES)
      hash.update(`${path}\0${contentOf(path)}\0`);
    else hash.update(`${path}\0${stat.mode}:${stat.ino}:${stat.size}:${stat.mtimeMs}\0`);
  }
  return hash.digest('hex');
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
