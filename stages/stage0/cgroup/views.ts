import { basename } from 'node:path';
import type { Text } from '../../tape/program.ts';
import { type CgroupInput, placeCgroups } from './layout.ts';
import { podPath } from './names.ts';

/** A host cgroup directory that an app sees below its /sys/fs/cgroup. */
export interface CgroupView {
  /** Empty: on /sys/fs/cgroup itself, as on a version 2 host. */
  readonly name: string;
  readonly path: Text;
}

/** The directories that show an app its limits and usage: its own, or, where it has none, the pod's. */
export function cgroupViews(input: CgroupInput, app: string): CgroupView[] {
  const isUnified = input.facts.mode === 'v2';
  return placeCgroups(input)
    .filter(({ hierarchy }) => !hierarchy.controllers.includes('devices') || hierarchy.version === 2)
    .map(({ hierarchy, leaves }) => {
      const leaf = leaves.find((candidate) => candidate.app === app);
      return {
        name: isUnified ? '' : basename(hierarchy.mountPoint),
        path: podPath(hierarchy.mountPoint, ...(leaf ? [leaf.name] : [])),
      };
    });
}
