import { statSync } from 'node:fs';
import { PodError, PodErrors } from '../error.ts';
import type { PodSpec } from '../manifest/spec.ts';

/** Which host volumes are files rather than directories; a source that is missing is an error at its line. */
export function findFileVolumes(volumes: PodSpec['volumes']): Set<string> {
  const files = new Set<string>();
  const errors: PodError[] = [];
  for (const volume of volumes) {
    if (volume.kind !== 'host') continue;
    const stats = statSync(volume.source, { throwIfNoEntry: false });
    if (!stats) {
      const message = `open the source of volume "${volume.name}", ${JSON.stringify(volume.source)}: no such file or directory`;
      errors.push(
        new PodError('manifest/reference', message, { at: volume.at, hint: 'create it first; pod never does' }),
      );
    } else if (!stats.isDirectory()) {
      files.add(volume.name);
    }
  }
  if (errors.length > 0) throw new PodErrors(errors);
  return files;
}
