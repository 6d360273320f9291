import type { CgroupWrite, Draft } from './isolator.ts';

/** Files that count among siblings only, or no further than the parent's: what apps ask for there, their pod has to ask for. */
interface Shared {
  readonly file: string;
  /** What an app that asks for nothing has. */
  readonly byItself: number;
  readonly most: number;
  /** Of all apps; absent: the sum. */
  readonly combine?: (...values: number[]) => number;
}

const SHARED: readonly Shared[] = [
  { file: 'cpu.shares', byItself: 1024, most: 262_144 },
  { file: 'cpu.weight', byItself: 100, most: 10_000 },
  // Documentation/admin-guide/cgroup-v2.rst: "Effective low boundary is limited by memory.low values of all ancestor cgroups".
  { file: 'memory.low', byItself: 0, most: Number.MAX_SAFE_INTEGER },
  { file: 'memory.min', byItself: 0, most: Number.MAX_SAFE_INTEGER },
  // kernel/sched/core.c, cpu_util_update_eff: a clamp is never above the parent's.
  { file: 'cpu.uclamp.min', byItself: 0, most: 100, combine: Math.max },
  { file: 'io.weight', byItself: 100, most: 10_000 },
  { file: 'io.bfq.weight', byItself: 100, most: 1000 },
  { file: 'blkio.bfq.weight', byItself: 100, most: 1000 },
];

/**
 * What a pod asks for because its apps do: its siblings are the other pods, and what an app has of its pod's share is no more than
 * that share. Nothing, where no app asks, or where the pod says itself what it wants.
 */
export function writesForApps(pod: Draft, apps: readonly Draft[]): CgroupWrite[] {
  return SHARED.flatMap(({ file, byItself, most, combine = sum }) => {
    const asked = apps.map((app) => writeOf(app, file));
    const first = asked.find((write) => write !== undefined);
    if (!first || writeOf(pod, file)) return [];
    const together = combine(...asked.map((write) => (write ? Number(write.value) : byItself)));
    const value = String(Math.min(most, together));
    // Who asks is told of what the kernel lacks at the app's own write, which comes with every one of these.
    return [{ ...first, value, why: 'ask for what the apps ask for together', implied: true, optional: true }];
  });
}

function writeOf({ cgroup }: Draft, file: string): CgroupWrite | undefined {
  return cgroup.find((write) => write.file === file);
}

function sum(...values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
