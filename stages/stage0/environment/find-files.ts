import { existsSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { PodError } from '../error.ts';

/** The files that match a path, sorted: `*` matches any part of a name, `?` any one character. Throws when no file matches. */
export function findFiles(pattern: string, baseDir: string): string[] {
  const parts = resolve(baseDir, pattern).split('/').slice(1);
  const found = parts.reduce<string[]>((paths, part) => paths.flatMap((path) => step(path, part)), ['']);
  if (found.length > 0) return found.toSorted();
  throw new PodError('test/options', `find "${pattern}" in "${baseDir}": there is no such file`);
}

function step(path: string, part: string): string[] {
  if (!/[*?]/.test(part)) return existsSync(`${path}/${part}`) ? [`${path}/${part}`] : [];
  const name = new RegExp(
    `^${part
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
    's',
  );
  return names(path === '' ? '/' : path)
    .filter((entry) => name.test(entry) && (part.startsWith('.') || !entry.startsWith('.')))
    .map((entry) => `${path}/${entry}`);
}

function names(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR' || code === 'ENOENT') return [];
    throw error;
  }
}
