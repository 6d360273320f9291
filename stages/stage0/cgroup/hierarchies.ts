// cgroups(7), proc_pid_mountinfo(5), statfs(2)

import { readFileSync, statfsSync } from 'node:fs';
import { CGROUP2_SUPER_MAGIC, CGROUP_SUPER_MAGIC } from '../../linux/cgroup.ts';
import { unescapeOctal } from '../../linux/mountinfo.ts';
import type { CgroupFacts, CgroupHierarchy } from '../plan/facts.ts';

/** A line of mountinfo that claims to be a cgroup hierarchy. */
export interface CgroupMount {
  readonly version: 1 | 2;
  readonly mountPoint: string;
  /** The hierarchy's own root is mounted, not a directory below it. */
  readonly whole: boolean;
  readonly writable: boolean;
  /** Version 1: the controllers mounted together here. */
  readonly controllers: readonly string[];
}

/** Represents the version 2 tree among the names of version 1 controllers; no controller has this name. */
const UNIFIED = 'unified';

/** Super block options of version 1 that are not controllers. */
const NOT_CONTROLLERS = new Set(['rw', 'ro', 'xattr', 'noprefix', 'clone_children', 'favordynmods', 'cpuset_v2_mode']);

/** The hierarchy of every controller on this host, with one mount for each hierarchy. */
export function readCgroupFacts(mountInfo: string = readFileSync('/proc/self/mountinfo', 'utf8')): CgroupFacts {
  const hierarchies: CgroupHierarchy[] = [];
  const taken = new Set<string>();
  for (const mount of bestFirst(parseCgroupMounts(mountInfo))) {
    const names = mount.version === 2 ? [UNIFIED] : mount.controllers;
    // No names: a named hierarchy, such as systemd's own. Taken: another mount of a known hierarchy.
    if (names.length === 0 || names.some((name) => taken.has(name)) || !isReally(mount)) continue;
    for (const name of names) taken.add(name);
    hierarchies.push(
      mount.version === 2
        ? unifiedHierarchy(mount.mountPoint)
        : { version: 1, controllers: names, mountPoint: mount.mountPoint },
    );
  }
  return { mode: modeOf(hierarchies), hierarchies };
}

/**
 * Everything that `readCgroupFacts` read to find these hierarchies, except the check of their magic. If it is unchanged, nothing
 * has been mounted since, so the check still holds.
 */
export function cgroupSources({ hierarchies }: CgroupFacts): string {
  const files = hierarchies
    .filter(({ version }) => version === 2)
    .flatMap(({ mountPoint }) => [`${mountPoint}/cgroup.controllers`, `${mountPoint}/cgroup.subtree_control`]);
  return ['/proc/self/mountinfo', ...files].map((path) => readFileSync(path, 'utf8')).join('\0');
}

/** Mounts of both versions. A later mount at the same path covers an earlier one. */
export function parseCgroupMounts(mountInfo: string): CgroupMount[] {
  const byPlace = new Map<string, CgroupMount>();
  for (const line of mountInfo.split('\n')) {
    const at = line.indexOf(' - cgroup');
    if (at < 0) continue;
    // Fields: id, parent, device, root, mount point, options; then type, source, super block options.
    const [, , , root, place, options] = line.slice(0, at).split(' ');
    const [type, , superOptions] = line.slice(at + 3).split(' ');
    const mountPoint = unescapeOctal(place!);
    const isVersion2 = type === 'cgroup2';
    byPlace.set(mountPoint, {
      version: isVersion2 ? 2 : 1,
      mountPoint,
      whole: root === '/',
      writable: isWritable(options!) && isWritable(superOptions!),
      controllers: isVersion2 ? [] : superOptions!.split(',').filter(isController),
    });
  }
  return [...byPlace.values()];
}

function isWritable(options: string): boolean {
  return options === 'rw' || options.startsWith('rw,');
}

function isController(option: string): boolean {
  return !option.includes('=') && !NOT_CONTROLLERS.has(option);
}

/** A hierarchy may be mounted more than once: prefers its root to a part of it, and writable mounts to read-only ones. */
function bestFirst(mounts: readonly CgroupMount[]): CgroupMount[] {
  return mounts.toSorted(
    (a, b) => a.version - b.version || Number(b.whole) - Number(a.whole) || Number(b.writable) - Number(a.writable),
  );
}

/**
 * Another file system may cover the mount, and in a plain directory our writes would make ordinary files. The magic of the file
 * system rules that out.
 */
function isReally({ version, mountPoint }: CgroupMount): boolean {
  try {
    return statfsSync(mountPoint).type === (version === 2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC);
  } catch {
    // A mount point that this process cannot reach cannot be used.
    return false;
  }
}

/** The controllers that the directory can give to its children; it need not be the root of the tree. */
export function unifiedHierarchy(mountPoint: string): CgroupHierarchy {
  const controllers = words(`${mountPoint}/cgroup.controllers`);
  return { version: 2, controllers, mountPoint, enabled: words(`${mountPoint}/cgroup.subtree_control`) };
}

function words(path: string): string[] {
  return readFileSync(path, 'utf8').split(/\s+/).filter(Boolean);
}

function modeOf(hierarchies: readonly CgroupHierarchy[]): CgroupFacts['mode'] {
  const versions = new Set(hierarchies.map(({ version }) => version));
  if (versions.has(1) && versions.has(2)) return 'hybrid';
  return versions.has(1) ? 'v1' : 'v2';
}
