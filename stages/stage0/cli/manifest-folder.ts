import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PodError } from '../error.ts';

const MANIFEST = /\.pod\.(yaml|yml|json)$/;

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** The file, or the manifests of a folder in the order of their names. */
export function expandManifests(path: string): string[] {
  if (!isFolder(path)) return [path];
  const names = readdirSync(path).filter((name) => MANIFEST.test(name));
  if (names.length > 0) return names.toSorted().map((name) => join(path, name));
  throw new PodError(
    'manifest/unreadable',
    `find manifests in "${path}": no file there ends in .pod.yaml, .pod.yml or .pod.json`,
  );
}
