import { PodError, isKernelError } from '../error.ts';
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
 * Files in a folder that manifests depend on, as absolute paths: their images, host files that pods have read-only, and the locks
 * beside them. Leaves out files outside of the folder, and ignores errors in manifests.
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

/** Changes when the file does; for a folder, when another one replaces it. */
export function lookOf(path: string): string {
  try {
    const stat = statIfThere(path);
    return digestOfFile(path) ?? (stat ? `${stat.dev}:${stat.ino}` : 'none');
  } catch (error) {
    // The actual reader reports the error.
    if (isKernelError(error)) return error.message;
    throw error;
  }
}
