import { closeSync } from 'node:fs';
import { namesIn, readIfThere } from '../pod/files.ts';
import { tryLockDir } from '../pod/lock.ts';
import { removeTree } from '../pod/remove-tree.ts';
import { ORIGIN_FILE, sourcesDir } from './cache.ts';
import { treesInUse } from './in-use.ts';

/** Removes what was fetched for nobody any more: of sources that no set has, and no pod has a part of. The result is their origins. */
export function sweepSources(root: string, origins: ReadonlySet<string>, isDryRun: boolean): string[] {
  return namesIn(sourcesDir(root)).flatMap((key) => {
    const dir = `${sourcesDir(root)}/${key}`;
    const fd = tryLockDir(dir);
    if (fd === undefined) return [];
    try {
      const origin = readIfThere(`${dir}/${ORIGIN_FILE}`) ?? key;
      if (origins.has(origin) || treesInUse(root, dir).size > 0) return [];
      if (!isDryRun) removeTree(dir);
      return [origin];
    } finally {
      closeSync(fd);
    }
  });
}
