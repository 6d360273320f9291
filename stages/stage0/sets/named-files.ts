import { PodError } from '../error.ts';
import { parseReference } from '../image/reference.ts';
import { sourceOf } from '../image/resolve.ts';
import { LOCK_FILE } from '../pins/pins.ts';
import { statIfThere } from '../pod/files.ts';
import { digestOfFile } from './contents.ts';
import { describe } from './describe.ts';
import { DescriptionCache } from './description-cache.ts';
import type { FolderFile } from './folder.ts';
import { SET_FILES, setDir } from './set-store.ts';

/**
 * What of a folder manifests are read together with, as absolute paths: their images, the files of the host that pods have read-only,
 * and the locks beside them. What lies outside of the folder, and what is wrong with a manifest, is left out.
 */
export async function namedFiles(
  files: readonly FolderFile[],
  { root, set, folder }: { readonly root: string; readonly set: string; readonly folder: string },
): Promise<string[]> {
  const cache = new DescriptionCache(`${setDir(root, set)}/${SET_FILES.descriptions}`);
  const paths: string[] = [];
  for (const file of files) paths.push(...(await pathsIn(file, cache)));
  return [...new Set(paths)].filter((path) => path.startsWith(`${folder}/`));
}

async function pathsIn(file: FolderFile, cache: DescriptionCache): Promise<string[]> {
  const about = file.wrong ? undefined : (cache.recall(file) ?? (await describe(file)).description);
  const { images = [], sources = [] } = about?.references ?? {};
  const found = images.flatMap(({ ref }) => imagePath(ref, file.baseDir) ?? []);
  return [`${file.baseDir}/${LOCK_FILE}`, ...found, ...sources];
}

function imagePath(ref: string, baseDir: string): string | undefined {
  try {
    return sourceOf(parseReference(ref, baseDir));
  } catch (error) {
    if (error instanceof PodError) return undefined;
    throw error;
  }
}

/** Changes when the file does; of a folder, when another one takes its place. */
export function lookOf(path: string): string {
  try {
    const stat = statIfThere(path);
    return digestOfFile(path) ?? (stat ? `${stat.dev}:${stat.ino}` : 'none');
  } catch (error) {
    // Whoever reads it for good says why not.
    if (error instanceof Error && 'syscall' in error) return error.message;
    throw error;
  }
}
