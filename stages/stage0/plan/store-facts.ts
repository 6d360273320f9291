// statfs(2), quotactl(2), loop(4)

import { closeSync, existsSync, openSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { enforcesProjectQuota } from '../../linux/quota.ts';
import type { StoreFacts } from './facts.ts';

/** linux/magic.h */
const EXT4_SUPER_MAGIC = 0xef53;
const XFS_SUPER_MAGIC = 0x58465342;
const TMPFS_MAGIC = 0x01021994;
const RAMFS_MAGIC = 0x858458f6;

const SEARCH = ['/usr/sbin', '/sbin', '/usr/local/sbin', '/usr/bin', '/bin'];

/** The facts of the file system that a path is on, or will be on once it is made. */
export function readStoreFacts(path: string): StoreFacts {
  const there = nearest(path);
  const { type } = statfsSync(there);
  const mayHaveProjects = type === EXT4_SUPER_MAGIC || type === XFS_SUPER_MAGIC;
  return {
    fileSystem: type.toString(16),
    isMemory: type === TMPFS_MAGIC || type === RAMFS_MAGIC,
    hasProjectQuota: mayHaveProjects && hasProjectQuota(there),
    makeFileSystem: SEARCH.map((dir) => `${dir}/mkfs.ext4`).find((file) => existsSync(file)) ?? null,
    hasLoopDevices: existsSync('/dev/loop-control'),
  };
}

function nearest(path: string): string {
  return existsSync(path) ? path : nearest(dirname(path));
}

function hasProjectQuota(path: string): boolean {
  const fd = openSync(path, 'r');
  try {
    return enforcesProjectQuota(fd);
  } finally {
    closeSync(fd);
  }
}
