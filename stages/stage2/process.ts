import type { ErrnoName } from '../linux/errno.ts';
import type { Reg, SourcePosition } from '../tape/program.ts';

/** Capability sets as capset(2) and prctl(2) take them, one bit for each capability. */
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

/** A system call that a process makes for itself; see `applySettings`. */
export interface Setting {
  readonly call: string;
  readonly args: readonly (number | Uint8Array)[];
  readonly at?: SourcePosition | undefined;
  readonly why: string;
}

/** What a process may do. Access that is handled but not allowed is denied to the process and its children. */
export interface Landlock {
  /** LANDLOCK_ACCESS_FS_* and LANDLOCK_ACCESS_NET_* bits that need a rule. */
  readonly handledFs: bigint;
  readonly handledNet: bigint;
  readonly paths: readonly {
    readonly path: string;
    readonly access: bigint;
    /** The part of `access` that is valid for a file. */
    readonly fileAccess: bigint;
    readonly at: SourcePosition;
  }[];
  readonly ports: readonly { readonly port: number; readonly access: bigint; readonly at: SourcePosition }[];
  readonly at: SourcePosition;
}

type Hints = Partial<Readonly<Record<ErrnoName, string>>>;

/**
 * A label of a security module: the text written to an attribute of the process, and how the attribute's value must begin when read
 * back.
 */
export interface Label {
  /** Its name below /proc/PID/attr. */
  readonly attribute: string;
  readonly request: string;
  readonly shown: string;
  readonly why: string;
  /** What an error means when the label is written, and when the program is executed. Absent in records of older versions. */
  readonly hints?: { readonly write: Hints; readonly execve: Hints };
  readonly at: SourcePosition;
}

/** The manifest lines that requested parts of a process. If one is absent, the app's own line is used. */
export interface ProcessPlaces {
  readonly app: SourcePosition;
  readonly exec?: SourcePosition | undefined;
  readonly user?: SourcePosition | undefined;
  readonly workingDirectory?: SourcePosition | undefined;
  readonly capabilities?: SourcePosition | undefined;
  readonly seccomp?: SourcePosition | undefined;
  readonly umask?: SourcePosition | undefined;
}

/** A /proc for the processes of one app, with its masked and read-only paths. */
export interface OwnProc {
  readonly masked: readonly string[];
  readonly readOnly: readonly string[];
  readonly at: SourcePosition;
}

/** Everything stage2 needs to turn a new child of init into a program: an app's first process, or a later one through exec. */
export interface ProcessPlan {
  readonly app: string;
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDirectory: string;
  readonly uid: number;
  /** The process keeps the groups of the user who started the pod, because its user namespace forbids changing them. */
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
  /** Labels of security modules for the executed program. */
  readonly labels?: readonly Label[];
  /** The pod has a metadata service, and the process gets its URL. */
  readonly hasMetadata?: true;
  /** The app has a PID namespace of its own. */
  readonly ownProc?: OwnProc;
  /** `tasks` files of the app's version 1 cgroups. */
  readonly joins: readonly Reg[];
  readonly places: ProcessPlaces;
}
