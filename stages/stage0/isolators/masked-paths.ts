import type { Isolator } from './isolator.ts';
import { maskedInForce } from './mounts-in-force.ts';
import { pathSet, type PathSetValue } from './path-sets.ts';

export const MASKED: Isolator<PathSetValue> = pathSet({
  name: 'os/linux/masked-paths',
  description:
    'Files and directories to hide from the app, in addition to those hidden from every app (/proc/kcore, /sys/firmware, …). A hidden file or directory appears empty. A path that does not exist is ignored.',
  verb: 'hide',
  listOf: (draft) => draft.process.maskedPaths,
  needed: ['/dev'],
  inForce: maskedInForce,
});
