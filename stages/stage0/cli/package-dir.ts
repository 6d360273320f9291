import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PodError } from '../error.ts';

/** The directory of our package.json, from wherever this code was bundled to. */
export function packageDir(): string {
  let dir = dirname(import.meta.filename);
  while (!existsSync(join(dir, 'package.json'))) {
    if (dir === '/') throw new PodError('state/io', 'find the package: no package.json above the program');
    dir = dirname(dir);
  }
  return dir;
}

export function packageVersion(): string {
  return (JSON.parse(readFileSync(join(packageDir(), 'package.json'), 'utf8')) as { version: string }).version;
}
