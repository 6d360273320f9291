// mkdir(2)

import { mkdirSync } from 'node:fs';

/**
 * Makes a directory and those above it that are missing; true when it was not there. Node's own `recursive` says ENOENT for
 * whatever the kernel refused on the way: a read-only file system, a full one.
 */
export function makeDirectories(path: string, mode: number): boolean {
  try {
    mkdirSync(path, { mode });
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    const above = path.slice(0, path.lastIndexOf('/'));
    if (code !== 'ENOENT' || above === '') throw error;
    makeDirectories(above, mode);
    return makeDirectories(path, mode);
  }
}
