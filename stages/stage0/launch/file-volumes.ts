import { lstatSync, statSync } from 'node:fs';
import { errnoMessage } from '../../linux/errno.ts';
import { PodError, PodErrors } from '../error.ts';
import type { PodSpec } from '../manifest/spec.ts';
import { hostPartsOf } from './host-paths.ts';

/**
 * Finds the host volumes whose source is a file rather than a directory, by name, and the mounted parts of host volumes that are
 * files, as `NAME/SUBPATH`. A missing source is an error at its line.
 */
export function findFileVolumes({ volumes, apps }: Pick<PodSpec, 'volumes' | 'apps'>): Set<string> {
  const files = new Set<string>();
  const errors: PodError[] = [];
  for (const volume of volumes) {
    if (volume.kind !== 'host') continue;
    try {
      if (!statSync(volume.source).isDirectory()) files.add(volume.name);
    } catch (error) {
      const reason = errnoMessage(-((error as NodeJS.ErrnoException).errno ?? 0));
      const message = `open the source of volume "${volume.name}", ${JSON.stringify(volume.source)}: ${reason}`;
      errors.push(
        new PodError('manifest/reference', message, { at: volume.at, hint: 'create it first; pod never creates it' }),
      );
    }
  }
  if (errors.length > 0) throw new PodErrors(errors);
  for (const { source, key } of hostPartsOf({ volumes, apps })) if (isFile(source)) files.add(key);
  return files;
}

/** A missing path or a symbolic link is rejected by the launch, which knows the line. */
function isFile(path: string): boolean {
  try {
    const stat = lstatSync(path);
    return !stat.isDirectory() && !stat.isSymbolicLink();
  } catch {
    return false;
  }
}
