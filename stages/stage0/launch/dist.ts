import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { stage1Path } from '../../stage1/monitor.ts';
import { PodError } from '../error.ts';

let found: string | undefined;

/** The directory of the built files: the bundle's own directory, or `dist` beside a directory that this code was bundled into. */
export function distDir(): string {
  if (found) return found;
  let directory = dirname(import.meta.filename);
  for (;;) {
    for (const candidate of [directory, `${directory}/dist`]) {
      if (existsSync(stage1Path(candidate))) return (found = candidate);
    }
    const parent = dirname(directory);
    if (parent === directory) break;
    directory = parent;
  }
  throw new PodError('host/tool', `start a pod: ${stage1Path('dist')} is not there`, {
    hint: 'build it with "npm run build", which needs a C compiler',
  });
}
