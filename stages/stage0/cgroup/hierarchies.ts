// cgroups(7), proc_pid_mountinfo(5), statfs(2)

import { readFileSync, statfsSync } from 'node:fs';
import { CGROUP2_SUPER_MAGIC, CGROUP_SUPER_MAGIC } from '../../linux/cgroup.ts';
import type { CgroupFacts, CgroupHierarchy } from '../plan/facts.ts';

/** A line of mountinfo that claims to be a cgroup hierarchy. */
export interface CgroupMount {
  readonly version: 1 | 2;
  readonly mountPoint: string;
  /** The hierarchy's own root is mounted, not a directory below it. */
  readonly whole: boolean;
  readonly writable: boolean;
  /** Version 1: the super block's options; controllers and others. */
  readonly options: readonly string[];
}

/** Super block options of version 1 that are no controllers. */
const NOT_CONTROLLERS = new Set(['rw', 'ro', 'xattr', 'noprefix', 'clone_children', 'favordynmods', 'cpuset_v2_mode']);

/** Every controller's hierarchy on this host, one mount a hierarchy. */
export function readCgroupFacts(mountInfo: string = readFileSync('/proc/self/mountinfo', 'utf8')): CgroupFacts {
  const hierarchies: CgroupHierarchy[] = [];
  for (const mount of bestFirst(parseCgroupMounts(mountInfo))) {
    if (!isReally(mount)) continue;
    const taken = new Set(hierarchies.flatMap(({ controllers }) => controllers));
    const hierarchy = mount.version === 2 ? version2(mount, hierarchies) : version1(mount, taken);
    if (hierarchy) hierarchies.push(hierarchy);
  }
  return { mode: modeOf(hierarchies), hierarchies };
}

/** Mounts of both versions. A later mount on the same place covers an earlier one. */
export function parseCgroupMounts(mountInfo: string): CgroupMount[] {
  const byPlace = new Map<string, CgroupMount>();
  for (const line of mountInfo.split('\n')) {
    const type = / - cgroup(2?) [^ ]* ([^ ]*)$/.exec(line);
    if (!type) continue;
    const [, , , root, place, options] = line.split(' ');
    const mountPoint = unescapeOctal(place!);
    byPlace.set(mountPoint, {
      version: type[1] ? 2 : 1,
      mountPoint,
      whole: root === '/',
      writable: options!.split(',').includes('rw') && type[2]!.split(',').includes('rw'),
      options: type[2]!.split(','),
    });
  }
  return [...byPlace.values()];
}

/** mountinfo writes spaces and backslashes as \ooo. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
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

function version1({ mountPoint, options }: CgroupMount, taken: ReadonlySet<string>): CgroupHierarchy | undefined {
  const controllers = options.filter((option) => !option.includes('=') && !NOT_CONTROLLERS.has(option));
  // None: a named hierarchy, such as systemd's own. Taken: a second mount of one we have.
  if (controllers.length === 0 || controllers.some((controller) => taken.has(controller))) return undefined;
  return { version: 1, controllers, mountPoint };
}

function version2({ mountPoint }: CgroupMount, before: readonly CgroupHierarchy[]): CgroupHierarchy | undefined {
  if (before.some(({ version }) => version === 2)) return undefined;
  return {
    version: 2,
    controllers: words(`${mountPoint}/cgroup.controllers`),
    mountPoint,
    enabled: words(`${mountPoint}/cgroup.subtree_control`),
  };
}

function words(path: string): string[] {
  return readFileSync(path, 'utf8').split(/\s+/).filter(Boolean);
}

function modeOf(hierarchies: readonly CgroupHierarchy[]): CgroupFacts['mode'] {
  const versions = new Set(hierarchies.map(({ version }) => version));
  if (versions.has(1) && versions.has(2)) return 'hybrid';
  return versions.has(1) ? 'v1' : 'v2';
}
