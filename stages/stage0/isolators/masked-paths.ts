import type { Isolator } from './isolator.ts';
import { pathSet, type PathSetValue } from './path-sets.ts';

export const MASKED: Isolator<PathSetValue> = pathSet(
  'os/linux/masked-paths',
  'Files and directories hidden from the app, besides those that are hidden from every app (/proc/kcore, /sys/firmware, …): a file reads as empty, a directory is empty. One that is not there needs no hiding and is left out.',
  (draft) => draft.process.maskedPaths,
);
