import type { Tape } from '../../tape/program.ts';
import { appLeaf, podPath } from '../cgroup/names.ts';
import type { Draft } from '../isolators/isolator.ts';
import { type MarkedCgroup, planMarks, planMarksCleanup } from '../network/plan-marks.ts';
import type { PlanInput } from './types.ts';

/** Cgroups of the pod, then of its apps, whose packets are marked by nftables. An app's mark takes precedence over the pod's. */
export function markedCgroups(
  { facts }: PlanInput,
  pod: Draft,
  apps: ReadonlyMap<string, Draft>,
): readonly MarkedCgroup[] {
  const unified = facts.cgroup.hierarchies.find(({ version }) => version === 2);
  if (!unified) return [];
  const { mountPoint } = unified;
  const all = [
    { path: podPath(mountPoint), level: 1, marks: pod.marks },
    ...[...apps].map(([name, { marks }]) => ({ path: podPath(mountPoint, appLeaf(name)), level: 2, marks })),
  ];
  return all.filter(({ marks }) => marks.length > 0);
}

/** Needs the cgroups to exist. The firewall's table is removed when the pod has ended. */
export function planPacketMarks(
  leaves: Tape,
  settle: Tape,
  cgroups: readonly MarkedCgroup[],
  { spec: { at } }: PlanInput,
): void {
  if (cgroups.length === 0) return;
  planMarks(leaves, cgroups, at);
  planMarksCleanup(settle, at);
}
