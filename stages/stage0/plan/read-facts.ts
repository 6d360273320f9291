import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { ARCH } from '../../linux/arch.ts';
import { readLandlockAbi } from '../../linux/landlock-abi.ts';
import { hasOpenTreeAttr } from '../../linux/open-tree-attr.ts';
import { parseHardLimits } from '../../linux/rlimit.ts';
import { pathExists } from '../../linux/file.ts';
import { delegatedCgroups } from '../cgroup/delegated.ts';
import { readCgroupFacts } from '../cgroup/hierarchies.ts';
import { MASKED_PATHS, PROCESSORS, READ_ONLY_PATHS, thermalPath } from '../rootfs/kernel-paths.ts';
import type { CgroupFacts, HostFacts } from './facts.ts';
import { readCaller } from './read-caller.ts';

/** Facts that cannot change while the kernel runs. */
type BootFacts = Pick<
  HostFacts,
  | 'arch'
  | 'kernelRelease'
  | 'lastCapability'
  | 'kernelPaths'
  | 'cpus'
  | 'hasTimeNamespace'
  | 'hasDetachedLayers'
  | 'landlockAbi'
>;

let boot: BootFacts | undefined;
let last: { readonly sources: string; readonly facts: HostFacts } | undefined;

/**
 * Reads what a plan needs to know about this host, in about a dozen small reads, without changes or privileges. Returns the same
 * object as long as nothing has changed, so that plans made from it can be kept. `known`: its cgroups, if they are already known.
 */
export function readHostFacts(known: CgroupFacts = readCgroupFacts()): HostFacts {
  const status = readFileSync('/proc/self/status', 'utf8');
  const limits = readFileSync('/proc/self/limits', 'utf8');
  const oomScoreAdj = readFileSync('/proc/self/oom_score_adj', 'utf8');
  const effectiveCapabilities = parseEffective(status);
  const caller = readCaller();
  const cgroup = caller ? delegatedCgroups(readCgroupFacts()) : known;
  const sources = `${JSON.stringify(caller)}${limits}${oomScoreAdj}${effectiveCapabilities}${process.geteuid!()}${JSON.stringify(cgroup)}`;
  if (last?.sources === sources) return last.facts;
  boot ??= readBootFacts(status);
  const facts: HostFacts = {
    ...boot,
    cgroup,
    effectiveCapabilities,
    euid: process.geteuid!(),
    hardLimits: parseHardLimits(limits),
    oomScoreAdj: Number(oomScoreAdj),
    looked: {},
    ...(caller ? { caller } : {}),
  };
  last = { sources, facts };
  return facts;
}

/** `status`: the text of /proc/self/status. node:os is not used, because loading it costs more than all of this. */
function readBootFacts(status: string): BootFacts {
  return {
    arch: ARCH,
    kernelRelease: readFileSync('/proc/sys/kernel/osrelease', 'utf8').trimEnd(),
    lastCapability: Number(readFileSync('/proc/sys/kernel/cap_last_cap', 'utf8')),
    kernelPaths: findKernelPaths(),
    cpus: countCpus(status),
    hasTimeNamespace: existsSync('/proc/self/ns/time'),
    // A real test would need root and a file system; this call arrived in the same release.
    hasDetachedLayers: hasOpenTreeAttr(),
    landlockAbi: readLandlockAbi(),
  };
}

/** Equal facts have equal fingerprints, across processes. */
export function fingerprint(facts: HostFacts): string {
  return JSON.stringify(facts, (_, value: unknown) => {
    if (typeof value === 'bigint') return value.toString();
    return value instanceof Set ? [...(value as Set<unknown>)] : value;
  });
}

/** The line `CapEff:` of /proc/PID/status. */
export function parseEffective(status: string): bigint {
  return BigInt(`0x${lineOf(status, 'CapEff')}`);
}

/** Counts the CPUs this process may run on, from the line `Cpus_allowed:`: a mask in 32-bit words, separated by commas. */
export function countCpus(status: string): number {
  let count = 0;
  for (const digit of lineOf(status, 'Cpus_allowed').replaceAll(',', ''))
    for (let bits = Number.parseInt(digit, 16); bits > 0; bits >>= 1) count += bits & 1;
  return count;
}

function lineOf(status: string, name: string): string {
  const label = `\n${name}:\t`;
  const at = status.indexOf(label);
  if (at < 0) throw new Error(`/proc/self/status has no line "${name}:"`);
  const start = at + label.length;
  return status.slice(start, status.indexOf('\n', start));
}

function findKernelPaths(): Set<string> {
  const paths = [...MASKED_PATHS.map(({ path }) => path), ...READ_ONLY_PATHS];
  return new Set([...paths.filter(pathExists), ...findThermal()]);
}

/** Virtual machines have no thermal controls. */
function findThermal(): string[] {
  if (!pathExists(thermalPath('cpu0'))) return [];
  return readdirSync(PROCESSORS).map(thermalPath).filter(pathExists);
}
