import type { Reg } from '../../tape/program.ts';

/** Registers the host tape fills. Descriptors of files in them are close-on-exec, opened with the host's rights. */
export interface CgroupRegisters {
  /** Version 1 `tasks` files: a single-threaded process that writes "0" joins. PID 1's. */
  readonly joinInit: readonly Reg[];
  /** The same for an app, only where its place differs from PID 1's. */
  readonly joinApp: ReadonlyMap<string, readonly Reg[]>;
  /** Version 2 directories for CLONE_INTO_CGROUP; absent without such a tree. */
  readonly cgroupInit?: Reg;
  readonly cgroupApp: ReadonlyMap<string, Reg>;
  /** Version 2 `cgroup.kill`, writable, an app each. The pod as a whole is killed by killing its PID 1. */
  readonly killApp: ReadonlyMap<string, Reg>;
  /** Readable files with a line `oom_kill N`, an app each. */
  readonly oomApp: ReadonlyMap<string, Reg>;
  /** A version 1 `tasks` that lists the app's processes, an app each; absent without such a tree. */
  readonly procsApp: ReadonlyMap<string, Reg>;
}

/** The same while it is being filled. */
export interface OpenRegisters extends CgroupRegisters {
  readonly joinInit: Reg[];
  readonly joinApp: Map<string, Reg[]>;
  cgroupInit?: Reg;
  readonly cgroupApp: Map<string, Reg>;
  readonly killApp: Map<string, Reg>;
  readonly oomApp: Map<string, Reg>;
  readonly procsApp: Map<string, Reg>;
}
