import type { Reg, SourcePosition } from '../tape/program.ts';

/** Sets as capset(2) and prctl(2) take them, one bit a capability. */
export interface Capabilities {
  readonly bounding: bigint;
  readonly permitted: bigint;
  readonly effective: bigint;
  readonly inheritable: bigint;
  readonly ambient: bigint;
}

export interface Rlimit {
  readonly resource: number;
  readonly soft: bigint;
  readonly hard: bigint;
  readonly at?: SourcePosition | undefined;
}

/** A system call a process makes for itself; see `applySettings`. */
export interface Setting {
  readonly call: string;
  readonly args: readonly (number | Uint8Array)[];
  readonly at?: SourcePosition | undefined;
  readonly why: string;
}

/** What a process may still do; all that is handled and not allowed is denied, to it and its children. */
export interface Landlock {
  /** LANDLOCK_ACCESS_FS_* and LANDLOCK_ACCESS_NET_* bits that need a rule. */
  readonly handledFs: bigint;
  readonly handledNet: bigint;
  readonly paths: readonly {
    readonly path: string;
    readonly access: bigint;
    /** The part of it that a rule on a file may have. */
    readonly fileAccess: bigint;
    readonly at: SourcePosition;
  }[];
  readonly ports: readonly { readonly port: number; readonly access: bigint; readonly at: SourcePosition }[];
  readonly at: SourcePosition;
}

/** A label of a security module: what is written to an attribute of the process, and how what is read there begins then. */
export interface Label {
  /** Below /proc/PID/attr. */
  readonly attribute: string;
  readonly request: string;
  readonly shown: string;
  readonly why: string;
  readonly at: SourcePosition;
}

/** Manifest lines that asked for parts of a process; where one is absent, the app's own line stands in. */
export interface ProcessPlaces {
  readonly app: SourcePosition;
  readonly exec?: SourcePosition | undefined;
  readonly user?: SourcePosition | undefined;
  readonly workingDirectory?: SourcePosition | undefined;
  readonly capabilities?: SourcePosition | undefined;
  readonly seccomp?: SourcePosition | undefined;
  readonly umask?: SourcePosition | undefined;
}

/** A /proc for the processes of one app, with what is covered and what is read-only in it. */
export interface OwnProc {
  readonly masked: readonly string[];
  readonly readOnly: readonly string[];
  readonly at: SourcePosition;
}

/** All that stage2 needs to turn a fresh child of init into a program: an app's first process, or a later one through exec. */
export interface ProcessPlan {
  readonly app: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly uid: number;
  /** Those of whoever started the pod: its user namespace forbids to change them. */
  readonly keepsGroups?: true;
  readonly gid: number;
  readonly supplementaryGids: readonly number[];
  readonly capabilities: Capabilities;
  /** CAP_LAST_CAP of this kernel. */
  readonly lastCapability: number;
  readonly noNewPrivileges: boolean;
  /** An array of struct sock_filter; absent or empty: no filter. */
  readonly seccomp?: Uint8Array | undefined;
  readonly rlimits: readonly Rlimit[];
  readonly umask: number;
  readonly settings: readonly Setting[];
  readonly landlock?: Landlock | undefined;
  /** Of security modules, for the program that is executed. */
  readonly labels?: readonly Label[];
  /** The pod has a metadata service, and the process is told where. */
  readonly hasMetadata?: true;
  /** The app has a PID namespace of its own. */
  readonly ownProc?: OwnProc;
  /** `tasks` files of the app's version 1 cgroups. */
  readonly joins: readonly Reg[];
  readonly places: ProcessPlaces;
}
