// cgroups(7): "Delegating a hierarchy to a less privileged user"

import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { isReadWrite, isWritable } from '../../linux/file.ts';
import type { CgroupFacts } from '../plan/facts.ts';
import { unifiedHierarchy } from './hierarchies.ts';

/** Nobody's cgroups are a normal user's to make. */
const NONE: CgroupFacts = { mode: 'v2', hierarchies: [] };

/**
 * Where a normal user may make cgroups and start processes in them: in the directory above the one this process is in, when that was
 * given to him with the files that say so. A process may move, or be born, no further than the files of what both places have above
 * them allow, so no other place would do; and in its own directory no controller can be enabled, because it is there itself.
 */
export function delegatedCgroups(
  { hierarchies }: CgroupFacts,
  own: string = readFileSync('/proc/self/cgroup', 'utf8'),
): CgroupFacts {
  const tree = hierarchies.find(({ version }) => version === 2);
  const path = /^0::(\/.+)$/m.exec(own)?.[1];
  // From inside a cgroup namespace what is outside begins so.
  if (!tree || path === undefined || path.startsWith('/..')) return NONE;
  const parent = dirname(`${tree.mountPoint}${path}`);
  return isDelegated(parent) ? { mode: 'v2', hierarchies: [unifiedHierarchy(parent)] } : NONE;
}

function isDelegated(directory: string): boolean {
  const files = ['cgroup.procs', 'cgroup.subtree_control'].map((name) => `${directory}/${name}`);
  if (!isWritable(directory) || !files.every(isReadWrite)) return false;
  // Where there are processes the kernel enables no controllers for what is below.
  return readFileSync(files[0]!, 'utf8') === '';
}
