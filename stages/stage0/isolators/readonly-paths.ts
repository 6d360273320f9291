import type { Isolator } from './isolator.ts';
import { readOnlyInForce } from './mounts-in-force.ts';
import { pathSet, type PathSetValue } from './path-sets.ts';

export const READ_ONLY: Isolator<PathSetValue> = pathSet({
  name: 'os/linux/readonly-paths',
  description:
    'Files and directories, with everything mounted below them, to make read-only for the app, in addition to /proc/sys and similar paths, which are read-only for every app. A path that does not exist is ignored.',
  verb: 'make read-only',
  listOf: (draft) => draft.process.readOnlyPaths,
  inForce: readOnlyInForce,
});
