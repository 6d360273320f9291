// cpuset.cpus.partition, Documentation/admin-guide/cgroup-v2.rst

import { readControlFile } from '../cgroup/control-files.ts';
import { podDirectory } from '../cgroup/names.ts';
import { findController } from '../isolators/controllers.ts';
import type { HostFacts } from '../plan/facts.ts';

/** A pod that is a partition has its processors to itself: the root of the tree has them no more, but to this pod they are there. */
export function withOwnProcessors(facts: HostFacts, uuid: string): HostFacts {
  const hierarchy = findController(facts, 'cpuset');
  if (hierarchy?.version !== 2) return facts;
  const file = 'cpuset.cpus.effective';
  const look = `text ${hierarchy.mountPoint}/${file}` as const;
  const offered = facts.looked[look];
  const own = readControlFile(`${podDirectory(hierarchy.mountPoint, uuid)}/${file}`)?.trim();
  if (typeof offered !== 'string' || !own) return facts;
  return { ...facts, looked: { ...facts.looked, [look]: `${offered.trim()},${own}` } };
}
