// setrlimit(2), prlimit(2), proc_pid_limits(5)

/** asm-generic/resource.h: the same numbers on x86_64 and aarch64. */
export const RLIMIT = {
  RLIMIT_CPU: 0,
  RLIMIT_FSIZE: 1,
  RLIMIT_DATA: 2,
  RLIMIT_STACK: 3,
  RLIMIT_CORE: 4,
  RLIMIT_RSS: 5,
  RLIMIT_NPROC: 6,
  RLIMIT_NOFILE: 7,
  RLIMIT_MEMLOCK: 8,
  RLIMIT_AS: 9,
  RLIMIT_LOCKS: 10,
  RLIMIT_SIGPENDING: 11,
  RLIMIT_MSGQUEUE: 12,
  RLIMIT_NICE: 13,
  RLIMIT_RTPRIO: 14,
  RLIMIT_RTTIME: 15,
} as const;

/** No limit, in struct rlimit64. */
export const RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;

/** `RLIMIT_NOFILE` for 7. */
export function rlimitName(resource: number): string {
  const found = Object.entries(RLIMIT).find(([, number]) => number === resource);
  return found ? found[0] : `RLIMIT_${resource}`;
}

export interface Limits {
  readonly soft: number | 'max';
  readonly hard: number | 'max';
}

/**
 * Limits by number, from the text of /proc/PID/limits, whose lines are in the order of the numbers. A line is a title of 26
 * columns, the soft limit in 21, the hard limit in 21, the unit.
 */
export function parseLimits(text: string): Map<number, Limits> {
  const lines = text.split('\n').slice(1).filter(Boolean);
  return new Map(lines.map((line, resource) => [resource, { soft: limitAt(line, 26), hard: limitAt(line, 47) }]));
}

function limitAt(line: string, column: number): number | 'max' {
  const word = line.slice(column, column + 21).trim();
  return word === 'unlimited' ? 'max' : Number(word);
}

/** Hard limits only, exact; undefined is unlimited. Every start reads its own limits. */
export function parseHardLimits(text: string): Record<number, bigint | undefined> {
  const limits: Record<number, bigint | undefined> = {};
  const lines = text.split('\n').slice(1);
  for (const [resource, line] of lines.entries()) {
    const hard = line.slice(47, 68).trim();
    if (hard) limits[resource] = hard === 'unlimited' ? undefined : BigInt(hard);
  }
  return limits;
}
