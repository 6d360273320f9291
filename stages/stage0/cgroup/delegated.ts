// cgroups(7): "Delegating a hierarchy to a less privileged user"

import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isReadWrite, isWritable } from '../../linux/file.ts';
import type { CgroupFacts } from '../plan/facts.ts';
import { unifiedHierarchy } from './hierarchies.ts';

/** A normal user may make no cgroups. */
const NONE: CgroupFacts = { mode: 'v2', hierarchies: [] };

/**
 * Where a normal user may make cgroups and start processes in them: the parent of the cgroup that this process is in, if that
 * directory and its control files were delegated to the user. The kernel checks the files of the common ancestor of both places
 * when a process moves or is born, so no other place would work. In its own cgroup no controller can be enabled, because the
 * process itself is there.
 */
export function delegatedCgroups(
  { hierarchies }: CgroupFacts,
  own: string = readFileSync('/proc/self/cgroup', 'utf8'),
): CgroupFacts {
  const tree = hierarchies.find(({ version }) => version === 2);
  const path = /^0::(\/.+)$/m.exec(own)?.[1];
  // Inside a cgroup namespace, paths outside of it begin with this.
  if (!tree || path === undefined || path.startsWith('/..')) return NONE;
  const parent = dirname(`${tree.mountPoint}${path}`);
  return isDelegated(parent) ? { mode: 'v2', hierarchies: [unifiedHierarchy(parent)] } : NONE;
}

function isDelegated(directory: string): boolean {
  const files = ['cgroup.procs', 'cgroup.subtree_control'].map((name) => `${directory}/${name}`);
  if (!isWritable(directory) || !files.every(isReadWrite)) return false;
  // The kernel enables no controllers for the children of a cgroup that contains processes.
  return readFileSync(files[0]!, 'utf8') === '';
}
