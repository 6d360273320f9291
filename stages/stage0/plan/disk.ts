// sysfs(5), stat(2), proc_pid_mountinfo(5): from a path to the block devices that hold its file system

import { closeSync, constants, existsSync, openSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { O_PATH } from '../../linux/constants.ts';
import { unescapeOctal } from '../../linux/mountinfo.ts';
import type { DiskBelow, HostDisk } from './facts.ts';

const SYS = '/sys/dev/block';
/** Maximum depth of stacked devices; the kernel itself stops at 8 (BTRFS, MD) or 4 (device-mapper). */
const MOST_STACKED = 8;

/** The disks of a block device, or of the file system that a path is on. */
export function findDisk(path: string): DiskBelow {
  const disks = [...new Set(devicesOf(path).map(wholeDisk))];
  return { disks, queues: [...new Set(disks.flatMap((disk) => queuesBelow(disk, MOST_STACKED)))] };
}

function devicesOf(path: string): string[] {
  const stat = statSync(path);
  const { major, minor } = splitDevice(stat.isBlockDevice() ? stat.rdev : stat.dev);
  const device = `${major}:${minor}`;
  if (existsSync(`${SYS}/${device}`)) return [device];
  // btrfs has no device number of its own. Other file systems without one, such as overlay and tmpfs, have no device at all.
  const source = sourceOf(path);
  return source?.type === 'btrfs' ? btrfsDevices(source.device) : [];
}

/**
 * Lists physical disks. Loop, ram, zram, device-mapper and md devices are made of other devices or of memory and have no `device`
 * entry.
 */
export function listDisks(sysBlock: string): HostDisk[] {
  const names = readdirSync(sysBlock).filter((name) => existsSync(`${sysBlock}/${name}/device`));
  return names.map((name) => ({
    name,
    device: readFileSync(`${sysBlock}/${name}/dev`, 'utf8').trim(),
    scheduler: /\[(.*)\]/.exec(readFileSync(`${sysBlock}/${name}/queue/scheduler`, 'utf8'))?.[1] ?? 'none',
  }));
}

/** makedev(3) */
export function splitDevice(device: number): { major: number; minor: number } {
  const high = Math.floor(device / 2 ** 32);
  const low = device % 2 ** 32;
  return {
    major: ((high & 0xff_ff_f0_00) | ((low >>> 8) & 0xfff)) >>> 0,
    minor: (((low >>> 12) & 0xff_ff_ff_00) | (low & 0xff)) >>> 0,
  };
}

/** Finds the mount by its id, because the device numbers differ on btrfs: mountinfo has the file system's, stat a subvolume's. */
function sourceOf(path: string): { type: string; device: string } | undefined {
  const fd = openSync(path, O_PATH | constants.O_NOFOLLOW);
  try {
    const id = /^mnt_id:\t(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))![1]!;
    const line = readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .find((each) => each.startsWith(`${id} `));
    const [type, device] = line?.split(' - ')[1]?.split(' ') ?? [];
    return type === undefined || device === undefined ? undefined : { type, device: unescapeOctal(device) };
  } finally {
    closeSync(fd);
  }
}

/** All devices of the btrfs file system that contains this device. */
function btrfsDevices(device: string): string[] {
  const name = basename(realpathSync(device));
  for (const uuid of readdirSync('/sys/fs/btrfs')) {
    const directory = `/sys/fs/btrfs/${uuid}/devices`;
    if (!existsSync(`${directory}/${name}`)) continue;
    return readdirSync(directory).map((each) => readFileSync(`${directory}/${each}/dev`, 'utf8').trim());
  }
  return [];
}

/** I/O limits apply to whole disks: the kernel refuses a partition (ENODEV). */
function wholeDisk(device: string): string {
  const directory = realpathSync(`${SYS}/${device}`);
  if (!existsSync(`${directory}/partition`)) return device;
  return readFileSync(`${dirname(directory)}/dev`, 'utf8').trim();
}

/** device-mapper and md pass requests on; queueing and scheduling happen in the disks below them. */
function queuesBelow(disk: string, depth: number): string[] {
  const slaves = `${SYS}/${disk}/slaves`;
  const below = depth > 0 && existsSync(slaves) ? readdirSync(slaves) : [];
  if (below.length === 0) return [disk];
  return below.flatMap((slave) =>
    queuesBelow(wholeDisk(readFileSync(`${slaves}/${slave}/dev`, 'utf8').trim()), depth - 1),
  );
}
