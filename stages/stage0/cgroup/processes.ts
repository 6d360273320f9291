// cgroups(7): the processes in a directory and below it

import { type Dirent, readdirSync, readFileSync } from 'node:fs';

/** The directory and all directories below it, deepest first. */
export function directoriesOf(path: string): string[] {
  const below = entriesOf(path).filter((entry) => entry.isDirectory());
  return [...below.flatMap((entry) => directoriesOf(`${path}/${entry.name}`)), path];
}

function entriesOf(path: string): Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** Pids in one directory, as this process sees them; empty when the directory is gone. */
export function pidsIn(directory: string): number[] {
  try {
    return readFileSync(`${directory}/cgroup.procs`, 'utf8').split('\n').filter(Boolean).map(Number);
  } catch (error) {
    if (isGone(error)) return [];
    throw error;
  }
}

/** ENODEV: the directory of an open control file was removed. */
export function isGone(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENODEV';
}
