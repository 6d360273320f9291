// Content digests of files, by which the build knows what is up to date.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The project's top folder. */
export const TOP = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const DIST = join(TOP, 'dist');

/** All files below `path` (itself, when it is a file) that end in one of `endings`, sorted. What does not exist has none. */
export function filesBelow(path, endings) {
  if (!existsSync(path)) return [];
  if (statSync(path).isFile()) return endings.some((ending) => path.endsWith(ending)) ? [path] : [];
  const below = readdirSync(path).flatMap((name) => filesBelow(join(path, name), endings));
  return below.toSorted();
}

/** A digest of the files' names and contents and of `extra`, whatever else the result depends on. */
export function digestFiles(files, extra = []) {
  const hash = createHash('sha256');
  for (const item of extra) hash.update(`${item}\0`);
  for (const file of files) {
    const content = readFileSync(file);
    hash.update(`${relative(TOP, file)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex');
}
