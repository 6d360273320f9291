import type { ProcessPlan } from '../../stage2/process.ts';
import type { Program } from '../../tape/program.ts';
import type { CapabilitySets } from '../isolators/isolator.ts';
import type { ImageMount } from '../image/types.ts';
import type { LeftVolume } from '../rootfs/left-volumes.ts';

/** What is needed to launch a later process in an app the same way as its first one. Stored in the pod's record. */
export interface ExecData {
  readonly process: ProcessPlan;
  /** Index of the app on the pod's tape. */
  readonly app: number;
  /** The register file of the pod's program, by name. */
  readonly registers: Readonly<Record<string, number>>;
  /** Register of the version 2 cgroup directory. */
  readonly cgroup?: string;
  /** Capabilities before the user was known, for exec as another user. */
  readonly capabilities: CapabilitySets;
  readonly imageMounts: readonly ImageMount[];
  /** For readers of the pod's files after it has ended. */
  readonly volumes?: readonly LeftVolume[];
}

/**
 * Whether an app has a label of a security module. At execve, SELinux replaces all inherited descriptors that the label may not use
 * by a null device, so what is written to a file of the caller is lost without an error. The labels' policy has to allow the pipes
 * of pods, because the apps' own streams are such pipes; so commands and standard input use nothing else.
 */
export function isLabelled({ process: { labels = [] } }: Pick<ExecData, 'process'>): boolean {
  return labels.length > 0;
}

/** The registers that an exec tape may use: the well-known ones and those of the app's cgroups. */
export function registersFor(
  program: Program,
  process: ProcessPlan,
  cgroup: string | undefined,
): Record<string, number> {
  const wanted = new Set([...process.joins.map(({ name }) => name), ...(cgroup === undefined ? [] : [cgroup])]);
  const registers: Record<string, number> = {};
  for (const { name, index } of program.registers.values()) {
    if (index < 16 || wanted.has(name)) registers[name] = index;
  }
  return registers;
}

/**
 * JSON has neither 64-bit integers nor bytes: they are packed as objects with one member, `$bigint` or `$base64`. A member name
 * that begins with a dollar sign (an environment variable's may) gets a second dollar sign in front.
 */
export function packExecData(data: ExecData): unknown {
  return pack(data);
}

function pack(value: unknown): unknown {
  if (typeof value === 'bigint') return { $bigint: value.toString() };
  if (value instanceof Uint8Array) return { $base64: Buffer.from(value).toString('base64') };
  if (Array.isArray(value)) return value.map(pack);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.map(([name, member]) => [name.replace(/^\$/, '$$$$'), pack(member)]));
}

export function unpackExecData(packed: unknown): ExecData {
  return revive(packed) as ExecData;
}

function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== 'object' || value === null) return value;
  const { $bigint, $base64 } = value as { $bigint?: string; $base64?: string };
  if ($bigint !== undefined) return BigInt($bigint);
  if ($base64 !== undefined) return new Uint8Array(Buffer.from($base64, 'base64'));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name.replace(/^\$\$/, '$'), revive(member)]),
  );
}
