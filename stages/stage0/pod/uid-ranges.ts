// symlinkat(2), readlink(2)

import { closeSync, existsSync, readdirSync, readlinkSync } from 'node:fs';
import { makeDirectories } from '../../linux/directory.ts';
import { AT_FDCWD } from '../../linux/constants.ts';
import { ERRNO, SyscallError } from '../../linux/errno.ts';
import { trySymlinkat, tryUnlinkat } from '../../linux/file.ts';
import { cgroupMountPoints, hasProcesses } from './host-pids.ts';
import { lockDir } from './lock.ts';

/**
 * The registry of host id ranges for the whole host: state directories do not know of each other, but their pods share the kernel.
 * Each range is a symbolic link, named after its first id, to `<state directory>/<uuid>`, so that link and owner are made in one
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

/** Claims the range for the pod. Returns false when it is taken. */
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

/** Releases the range if the pod holds it. */
export function releaseRange(base: number, root: string, uuid: string, dir: string = UID_RANGES_DIR): void {
  const held = readRange(String(base), dir);
  if (held?.root === root && held.uuid === uuid) unlink(rangePath(base, dir));
}

export function listRanges(dir: string = UID_RANGES_DIR): UidRange[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir).flatMap((name) => readRange(name, dir) ?? []);
}

/** Releases all ranges of a pod that died before its ledger was written. */
export function releaseRangesOf(root: string, uuid: string, dir: string = UID_RANGES_DIR): void {
  for (const range of listRanges(dir)) {
    if (range.root === root && range.uuid === uuid) unlink(rangePath(range.base, dir));
  }
}

/**
 * Releases the ranges that no pod holds, and returns them. Under a lock: otherwise a range that was released and claimed anew since
 * the listing could be taken from its new owner. `isStray` is called after the listing: a pod's directory is made before its claim,
 * so if it is missing by then, nobody will use the claim.
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
 * True when the state directory is gone and no process of the pod is left. A directory that is not visible here may be on someone
 * else's mount, or may have been deleted under a running pod, whose ids are in use.
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
    // The range was released meanwhile, or the file is not one of ours.
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
