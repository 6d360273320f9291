// statfs(2)

import { statfsSync } from 'node:fs';
import { PodError } from '../error.ts';

/** What a pod takes before its apps write anything, twice. */
const BYTES = 256 * 1024;
const FILES = 128;

/** Before the pod that a new one replaces is stopped: on a full disk neither would run. */
export function requireRoom(root: string, name: string): void {
  const { bsize, bfree, files, ffree } = statfsSync(root);
  // Some file systems count no files.
  if (bsize * bfree >= BYTES && (files === 0 || ffree >= FILES)) return;
  const left = `room for ${Math.floor((bsize * bfree) / 1024)} KiB and ${ffree} files`;
  throw new PodError('host/refused', `replace pod "${name}": the file system of "${root}" has ${left}`, {
    hint: 'the old pod keeps running; free some space',
  });
}
