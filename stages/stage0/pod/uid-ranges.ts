// symlinkat(2), readlink(2)

import { closeSync, existsSync, readdirSync, readlinkSync } from 'node:fs';
import { makeDirectories } from '../../linux/directory.ts';
import { AT_FDCWD } from '../../linux/constants.ts';
import { ERRNO, SyscallError } from '../../linux/errno.ts';
import { trySymlinkat, tryUnlinkat } from '../../linux/file.ts';
import { cgroupMountPoints, hasProcesses } from './host-pids.ts';
import { lockDir } from './lock.ts';

/**
 * Who holds which range of host ids, on the whole host: state directories do not know of each other, but their pods share the
 * kernel. A link for each range, named after its first id, to `<state directory>/<uuid>`: link and owner come into being in one
 * call. In /run, because no pod outlives a boot.
 */
export const UID_RANGES_DIR = '/run/pod/uid-ranges';

export interface UidRange {
  readonly base: number;
  readonly root: string;
  readonly uuid: string;
}

export function rangePath(base: number, dir: string = UID_RANGES_DIR): string {
  return `${dir}/${base}`;
}

/** Takes the range for the pod; false when it is taken. */
export function claimRange(base: number, root: string, uuid: string, dir: string = UID_RANGES_DIR): boolean {
  const path = rangePath(base, dir);
  let result = trySymlinkat(`${root}/${uuid}`, AT_FDCWD, path);
  if (result === -ERRNO.ENOENT) {
    makeDirectories(dir, 0o700);
    result = trySymlinkat(`${root}/${uuid}`, AT_FDCWD, path);
  }
  if (result < 0 && result !== -ERRNO.EEXIST) throw new SyscallError('symlinkat', -result, path);
  return result === 0;
}

/** Gives the range back if the pod holds it. */
export function releaseRange(base: number, root: string, uuid: string, dir: string = UID_RANGES_DIR): void {
  const held = readRange(String(base), dir);
  if (held?.root === root && held.uuid === uuid) unlink(rangePath(base, dir));
}

export function listRanges(dir: string = UID_RANGES_DIR): UidRange[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir).flatMap((name) => readRange(name, dir) ?? []);
}

/** All that a pod holds which died before its ledger was written. */
export function releaseRangesOf(root: string, uuid: string, dir: string = UID_RANGES_DIR): void {
  for (const range of listRanges(dir)) {
    if (range.root === root && range.uuid === uuid) unlink(rangePath(range.base, dir));
  }
}

/**
 * Gives back what no pod holds; the ranges that were. One at a time, or a range that was given back and taken anew since the
 * list was made could be taken from its new owner. `isStray` is asked after the list is made: a pod's directory comes before its
 * claim, so one that is not there by then had a claim that nobody will use.
 */
export function releaseStrays(
  isStray: (range: UidRange) => boolean,
  isDryRun: boolean,
  dir: string = UID_RANGES_DIR,
): UidRange[] {
  if (!existsSync(dir)) return [];
  const fd = lockDir(dir);
  try {
    const strays = listRanges(dir).filter(isStray);
    if (!isDryRun) for (const { base } of strays) unlink(rangePath(base, dir));
    return strays;
  } finally {
    closeSync(fd);
  }
}

/**
 * Its state directory is gone and no process of its pod is left. A directory that is not seen from here may be on a mount of somebody
 * else's, or have been deleted under a pod that goes on: then its ids are in use.
 */
export function isOfDeletedRoot(
  { root, uuid }: UidRange,
  mountPoints: readonly string[] = cgroupMountPoints(),
): boolean {
  return !existsSync(root) && !hasProcesses(uuid, mountPoints);
}

function readRange(name: string, dir: string): UidRange | undefined {
  let owner: string;
  try {
    owner = readlinkSync(`${dir}/${name}`);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // Given back meanwhile; or something that is not ours.
    if (code === 'ENOENT' || code === 'EINVAL') return undefined;
    throw error;
  }
  const at = owner.lastIndexOf('/');
  return { base: Number(name), root: owner.slice(0, at), uuid: owner.slice(at + 1) };
}

function unlink(path: string): void {
  const result = tryUnlinkat(AT_FDCWD, path);
  if (result < 0 && result !== -ERRNO.ENOENT) throw new SyscallError('unlinkat', -result, path);
}
