import type { IsolatorSpec } from '../../../../stages/stage0/manifest/spec.ts';
import type { CgroupHierarchy, HostFacts } from '../../../../stages/stage0/plan/facts.ts';

export const V1: readonly CgroupHierarchy[] = ['cpu', 'memory', 'devices', 'freezer', 'pids'].map((controller) => ({
  version: 1,
  controllers: [controller],
  mountPoint: `/sys/fs/cgroup/${controller}`,
}));

export const V2: readonly CgroupHierarchy[] = [
  { version: 2, controllers: ['cpu', 'io', 'memory', 'pids'], mountPoint: '/sys/fs/cgroup', enabled: ['memory'] },
];

export const HYBRID: readonly CgroupHierarchy[] = [
  ...V1,
  { version: 2, controllers: ['hugetlb'], mountPoint: '/sys/fs/cgroup/unified', enabled: [] },
];

/** Facts of an invented host; capabilities and limits are those of a plain root. */
export function newHost(hierarchies: readonly CgroupHierarchy[], more: Partial<HostFacts> = {}): HostFacts {
  const versions = new Set(hierarchies.map(({ version }) => version));
  const mode = versions.size === 2 ? 'hybrid' : versions.has(1) ? 'v1' : 'v2';
  return {
    arch: 'x86_64',
    kernelRelease: '6.1.0',
    cgroup: { mode, hierarchies },
    lastCapability: 40,
    effectiveCapabilities: (1n << 41n) - 1n,
    euid: 0,
    hardLimits: {},
    kernelPaths: new Set(),
    cpus: 2,
    hasTimeNamespace: true,
    hasDetachedLayers: true,
    landlockAbi: 6,
    oomScoreAdj: 0,
    looked: {},
    ...more,
  };
}

/** An isolator of a manifest, on a line of its own; members of its value stand on the line after it, by their pointer. */
export function spec(name: string, value: unknown, line = 1): IsolatorSpec {
  const at = { file: 'pod.yaml', line, col: 1 };
  return { name, value, at, atOf: (pointer) => ({ file: `pod.yaml${pointer}`, line: line + 1, col: 1 }) };
}
