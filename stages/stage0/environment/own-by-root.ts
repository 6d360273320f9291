// lchown(2), xattr(7)

import { chmodSync, lchownSync, lstatSync, readdirSync, type Stats } from 'node:fs';
import { AT_FDCWD, O_NOFOLLOW, O_PATH } from '../../linux/constants.ts';
import { SyscallError } from '../../linux/errno.ts';
import { Fd } from '../../linux/fd.ts';
import { openat2, tryLsetxattr } from '../../linux/file.ts';
import { readXattrs } from '../../linux/xattr.ts';
import { Owners } from '../copy/owners.ts';

const RANGE = 0x10000;
const S_ISUID_ISGID = 0o6000;
const CAPABILITY = 'security.capability';

/**
 * Maps the owners of a dead pod's files back to the ids used inside the pod: the owners in a layer are those of the image, and each
 * pod that mounts it maps them to its own range. Files that are already mapped are left alone, so an interrupted run can be
 * repeated.
 */
export function ownAsInside(path: Buffer, base: number): void {
  const stats = lstatSync(path);
  if (isOutside(stats.uid, base) || isOutside(stats.gid, base)) renumber(path, stats, base);
  if (!stats.isDirectory()) return;
  for (const name of readdirSync(path, { encoding: 'buffer' })) ownAsInside(Buffer.concat([path, SLASH, name]), base);
}

const SLASH = Buffer.from('/');

function isOutside(id: number, base: number): boolean {
  return id >= base && id < base + RANGE;
}

function renumber(path: Buffer, stats: Stats, base: number): void {
  const inside = (id: number): number => (isOutside(id, base) ? id - base : id);
  const capability = stats.isFile() ? capabilityOf(path, base) : undefined;
  lchownSync(path, inside(stats.uid), inside(stats.gid));
  // Changing the owner clears set-id bits and file capabilities.
  if (stats.isFile() && stats.mode & S_ISUID_ISGID) chmodSync(path, stats.mode & 0o7777);
  if (!capability) return;
  const result = tryLsetxattr(terminated(path), CAPABILITY, capability);
  if (result < 0) throw new SyscallError('lsetxattr', -result, path.toString());
}

function capabilityOf(path: Buffer, base: number): Buffer | undefined {
  using file = new Fd(openat2(AT_FDCWD, terminated(path), O_PATH | O_NOFOLLOW, 0));
  const value = readXattrs(file.number).find(([name]) => name === CAPABILITY)?.[1];
  return value && new Owners(base).capabilityInside(value);
}

function terminated(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc(1)]);
}
