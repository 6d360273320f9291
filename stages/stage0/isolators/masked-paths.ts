import type { Isolator } from './isolator.ts';
import { maskedInForce } from './mounts-in-force.ts';
import { pathSet, type PathSetValue } from './path-sets.ts';

export const MASKED: Isolator<PathSetValue> = pathSet({
  name: 'os/linux/masked-paths',
  description:
    'Files and directories hidden from the app, besides those that are hidden from every app (/proc/kcore, /sys/firmware, …): a file reads as empty, a directory is empty. One that is not there needs no hiding and is left out.',
  verb: 'hide',
  listOf: (draft) => draft.process.maskedPaths,
  needed: ['/dev'],
  inForce: maskedInForce,
});
