import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { PodError } from '../error.ts';

/**
 * Replaces a file atomically: readers see the old or the new content, also after a power failure. Manifests may contain secrets:
 * 0600.
 */
export function writeWhole(path: string, text: string): void {
  const draft = `${path}.${process.pid}`;
  try {
    const fd = openSync(draft, 'w', 0o600);
    try {
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(draft, path);
  } catch (error) {
    drop(draft);
    throw new PodError('state/io', `write "${path}": ${(error as Error).message}`, { cause: error });
  }
}

function drop(draft: string): void {
  try {
    unlinkSync(draft);
  } catch {
    // The draft was never made; the original error matters.
  }
}
