import type { Reg } from '../../tape/program.ts';

/** Registers that the host tape fills. Their descriptors are close-on-exec and opened with the host's privileges. */
export interface CgroupRegisters {
  /** Version 1 `tasks` files for PID 1: a single-threaded process that writes "0" joins. */
  readonly joinInit: readonly Reg[];
  /** The same for an app, only if its directory differs from PID 1's. */
  readonly joinApp: ReadonlyMap<string, readonly Reg[]>;
  /** Version 2 directories for CLONE_INTO_CGROUP; absent without such a tree. */
  readonly cgroupInit?: Reg;
  readonly cgroupApp: ReadonlyMap<string, Reg>;
  /** Version 2 `cgroup.kill` of each app, writable. The pod as a whole is killed by killing its PID 1. */
  readonly killApp: ReadonlyMap<string, Reg>;
  /** For each app, a readable file with a line `oom_kill N`. */
  readonly oomApp: ReadonlyMap<string, Reg>;
  /** For each app, a version 1 `tasks` that lists its processes; absent without such a tree. */
  readonly procsApp: ReadonlyMap<string, Reg>;
}

/** The registers while they are being filled. */
export interface OpenRegisters extends CgroupRegisters {
  readonly joinInit: Reg[];
  readonly joinApp: Map<string, Reg[]>;
  cgroupInit?: Reg;
  readonly cgroupApp: Map<string, Reg>;
  readonly killApp: Map<string, Reg>;
  readonly oomApp: Map<string, Reg>;
  readonly procsApp: Map<string, Reg>;
}
