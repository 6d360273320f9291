// statfs(2)

import { statfsSync } from 'node:fs';
import { PodError } from '../error.ts';

/** Twice what a pod takes before its apps write anything. */
const BYTES = 256 * 1024;
const FILES = 128;

/** Checked before a pod is stopped to be replaced: on a full disk neither the old nor the new one would run. */
export function requireRoom(root: string, name: string): void {
  const { bsize, bfree, files, ffree } = statfsSync(root);
  // Some file systems do not count files.
  if (bsize * bfree >= BYTES && (files === 0 || ffree >= FILES)) return;
  const left = `room for ${Math.floor((bsize * bfree) / 1024)} KiB and ${ffree} files`;
  throw new PodError('host/refused', `replace pod "${name}": the file system of "${root}" has only ${left}`, {
    hint: 'the old pod keeps running; free some space',
  });
}
