import { dirname } from 'node:path';
import { unifiedHierarchy } from '../cgroup/hierarchies.ts';
import type { CgroupFacts } from '../plan/facts.ts';
import { readHostFacts } from '../plan/read-facts.ts';
import { readLedger } from '../pod/ledger.ts';
import type { PodDir } from '../pod/pod-dir.ts';

/** Where the pod has its cgroups. A normal user's are where he was when he started it. */
export function cgroupsOf({ path }: Pick<PodDir, 'path'>): CgroupFacts {
  if (process.geteuid!() === 0) return readHostFacts().cgroup;
  const paths = readLedger(path).flatMap((entry) => (entry.kind === 'cgroup' ? [String(entry['path'])] : []));
  return { mode: 'v2', hierarchies: paths.map((one) => unifiedHierarchy(dirname(one))) };
}
