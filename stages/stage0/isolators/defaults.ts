import { RLIM_INFINITY, RLIMIT } from '../../linux/rlimit.ts';
import type { HostFacts } from '../plan/facts.ts';
import { DEFAULT_CAPABILITIES, implicitCapabilities } from './capability-sets.ts';
import type { Draft, RlimitSetting } from './isolator.ts';
import { UNKNOWN } from './seccomp-default.ts';

const MIB = 1n << 20n;

/**
 * Every limit an app could feel, so that none is inherited from whoever called pod: Node raises its own open-files limit to
 * the hard one, a shell may have lowered any. Soft, then hard; the values are systemd's and the kernel's own.
 */
const RLIMITS: readonly (readonly [number, bigint, bigint])[] = [
  [RLIMIT.RLIMIT_CPU, RLIM_INFINITY, RLIM_INFINITY],
  [RLIMIT.RLIMIT_FSIZE, RLIM_INFINITY, RLIM_INFINITY],
  [RLIMIT.RLIMIT_DATA, RLIM_INFINITY, RLIM_INFINITY],
  [RLIMIT.RLIMIT_STACK, 8n * MIB, RLIM_INFINITY],
  // A core dump would be written where core_pattern says, which is the host's choice, or into a volume.
  [RLIMIT.RLIMIT_CORE, 0n, 0n],
  [RLIMIT.RLIMIT_NPROC, RLIM_INFINITY, RLIM_INFINITY],
  // The soft limit stays at 1024: select(2) overruns its arrays above that. Programs that want more raise it.
  [RLIMIT.RLIMIT_NOFILE, 1024n, 524_288n],
  [RLIMIT.RLIMIT_MEMLOCK, 8n * MIB, 8n * MIB],
  [RLIMIT.RLIMIT_AS, RLIM_INFINITY, RLIM_INFINITY],
  // The kernel's own is the host's hard limit.
  [RLIMIT.RLIMIT_SIGPENDING, RLIM_INFINITY, RLIM_INFINITY],
  [RLIMIT.RLIMIT_MSGQUEUE, 819_200n, 819_200n],
  [RLIMIT.RLIMIT_NICE, 0n, 0n],
  [RLIMIT.RLIMIT_RTPRIO, 0n, 0n],
  [RLIMIT.RLIMIT_RTTIME, RLIM_INFINITY, RLIM_INFINITY],
];

/** The defaults, none of them above the host's hard limits: raising those takes a capability that containers often lack. */
export function defaultRlimits(host: HostFacts): RlimitSetting[] {
  return RLIMITS.map(([resource, soft, hard]) => {
    const bound = host.hardLimits[resource] ?? RLIM_INFINITY;
    const clampedHard = hard < bound ? hard : bound;
    return { resource, soft: soft < clampedHard ? soft : clampedHard, hard: clampedHard };
  });
}

/** What holds before any isolator has had its say; isolators with defaults of their own put them in next. */
export function newDraft(scope: 'app' | 'pod', host: HostFacts): Draft {
  return {
    scope,
    cgroup: [],
    process: {
      capabilities: implicitCapabilities(DEFAULT_CAPABILITIES),
      seccompPolicy: { defaultAction: UNKNOWN, rules: new Map() },
      noNewPrivileges: true,
      rlimits: defaultRlimits(host),
      umask: { value: 0o022 },
      settings: [],
      maskedPaths: [],
      readOnlyPaths: [],
      labels: [],
    },
    devices: [],
    marks: [],
    sysctls: [],
  };
}
