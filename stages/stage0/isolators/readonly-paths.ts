import type { Isolator } from './isolator.ts';
import { readOnlyInForce } from './mounts-in-force.ts';
import { pathSet, type PathSetValue } from './path-sets.ts';

export const READ_ONLY: Isolator<PathSetValue> = pathSet({
  name: 'os/linux/readonly-paths',
  description:
    'Files and directories, with all that is mounted below them, that the app can only read, besides /proc/sys and the like, which no app may write. One that is not there is left out.',
  verb: 'make read-only',
  listOf: (draft) => draft.process.readOnlyPaths,
  inForce: readOnlyInForce,
});
