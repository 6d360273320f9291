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
  /** Version 1: those that are mounted together here. */
  readonly controllers: readonly string[];
}

/** Stands for the version 2 tree among the names of version 1 controllers; no controller is called that. */
const UNIFIED = 'unified';

/** Super block options of version 1 that are no controllers. */
const NOT_CONTROLLERS = new Set(['rw', 'ro', 'xattr', 'noprefix', 'clone_children', 'favordynmods', 'cpuset_v2_mode']);

/** Every controller's hierarchy on this host, one mount a hierarchy. */
export function readCgroupFacts(mountInfo: string = readFileSync('/proc/self/mountinfo', 'utf8')): CgroupFacts {
  const hierarchies: CgroupHierarchy[] = [];
  const taken = new Set<string>();
  for (const mount of bestFirst(parseCgroupMounts(mountInfo))) {
    const names = mount.version === 2 ? [UNIFIED] : mount.controllers;
    // No name: a named hierarchy, such as systemd's own. Taken: another mount of one we have.
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
 * All that `readCgroupFacts` read to find these hierarchies, but for the proof by their magic. As long as it is the same nothing was
 * mounted anywhere, so that the proof holds too.
 */
export function cgroupSources({ hierarchies }: CgroupFacts): string {
  const files = hierarchies
    .filter(({ version }) => version === 2)
    .flatMap(({ mountPoint }) => [`${mountPoint}/cgroup.controllers`, `${mountPoint}/cgroup.subtree_control`]);
  return ['/proc/self/mountinfo', ...files].map((path) => readFileSync(path, 'utf8')).join('\0');
}

/** Mounts of both versions. A later mount on the same place covers an earlier one. */
export function parseCgroupMounts(mountInfo: string): CgroupMount[] {
  const byPlace = new Map<string, CgroupMount>();
  for (const line of mountInfo.split('\n')) {
    const at = line.indexOf(' - cgroup');
    if (at < 0) continue;
    // id, parent, device, root, place, options; then type, source, options of the super block.
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

/** A hierarchy may be mounted more than once: its root before a part of it, writable before read-only. */
function bestFirst(mounts: readonly CgroupMount[]): CgroupMount[] {
  return mounts.toSorted(
    (a, b) => a.version - b.version || Number(b.whole) - Number(a.whole) || Number(b.writable) - Number(a.writable),
  );
}

/**
 * Another file system may cover the mount, and a plain directory in its place would take our writes as files: the file
 * system's magic is the proof.
 */
function isReally({ version, mountPoint }: CgroupMount): boolean {
  try {
    return statfsSync(mountPoint).type === (version === 2 ? CGROUP2_SUPER_MAGIC : CGROUP_SUPER_MAGIC);
  } catch {
    // A mount point this process cannot reach is none it can use.
    return false;
  }
}

/** What the directory can give to those below it; it need not be the tree's own root. */
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
