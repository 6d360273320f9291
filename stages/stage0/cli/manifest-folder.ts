import { resolve } from 'node:path';
import { PodError } from '../error.ts';
import { statIfThere } from '../pod/files.ts';
import { readFolder } from '../sets/folder.ts';
import { type ManifestFile, readManifestFile } from './manifest-file.ts';

/** A manifest, or why it cannot be read. */
export interface FoundManifest extends ManifestFile {
  readonly wrong?: PodError;
}

export function isFolder(path: string): boolean {
  return statIfThere(path)?.isDirectory() ?? false;
}

/** The file, or the manifests of a folder and of what is below it, as `pod apply` reads them. */
export function findManifests(path: string): FoundManifest[] {
  if (!isFolder(path)) return [readOne(path)];
  const files = readFolder(path, resolve(path));
  if (files.length > 0) return files;
  throw new PodError(
    'manifest/unreadable',
    `find manifests in "${path}": no file there ends in .pod.yaml, .pod.yml or .pod.json, or has an apiVersion of pod`,
  );
}

function readOne(path: string): FoundManifest {
  try {
    return readManifestFile(path);
  } catch (error) {
    if (!(error instanceof PodError)) throw error;
    return { path, text: '', baseDir: '', wrong: error };
  }
}
