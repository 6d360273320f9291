import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';
import { parseHardLimits } from '../../linux/rlimit.ts';
import { readCgroupFacts } from '../cgroup/hierarchies.ts';
import { MASKED_PATHS, READ_ONLY_PATHS } from '../rootfs/kernel-paths.ts';
import type { HostFacts } from './facts.ts';

/** What the plan needs to know of this host. A dozen small reads; nothing is changed, and no privilege is needed. */
export function readHostFacts(): HostFacts {
  return {
    arch: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
    kernelRelease: release(),
    cgroup: readCgroupFacts(),
    lastCapability: Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8')),
    effectiveCapabilities: parseEffective(readFileSync('/proc/self/status', 'utf8')),
    euid: process.geteuid!(),
    hardLimits: parseHardLimits(readFileSync('/proc/self/limits', 'utf8')),
    kernelPaths: findKernelPaths(),
    cpus: availableParallelism(),
    oomScoreAdj: Number(readFileSync('/proc/self/oom_score_adj', 'utf8')),
  };
}

/** The line `CapEff:` of /proc/PID/status. */
export function parseEffective(status: string): bigint {
  const hex = /^CapEff:\t([0-9a-f]+)$/m.exec(status)?.[1];
  if (!hex) throw new Error('/proc/self/status has no line "CapEff:"');
  return BigInt(`0x${hex}`);
}

function findKernelPaths(): Set<string> {
  const paths = [...MASKED_PATHS.map(({ path }) => path), ...READ_ONLY_PATHS];
  return new Set(paths.filter((path) => existsSync(path)));
}
