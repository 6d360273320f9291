import type { ErrnoName } from '../../linux/errno.ts';
import type { Position } from '../error.ts';
import type { HostFacts, Look } from '../plan/facts.ts';
import type { ImagesApp, OfImage } from './of-image.ts';

/** A JSON Schema (2020-12) of an isolator's value. Descriptions are user documentation. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** One value for one control file; the manifest line that asked for it travels along. */
export interface CgroupWrite {
  /** Controller as the kernel spells it: `cpu`, `memory`, `pids`, `devices`. */
  readonly controller: string;
  /** The control file's name on the host's cgroup version. */
  readonly file: string;
  readonly value: string;
  readonly at?: Position | undefined;
  /** What the write is for, in words that "in FILE" can follow: `limit memory to 256Mi`. */
  readonly why?: string;
  /** Kernels built without the feature lack the file; that is no failure. */
  readonly optional?: boolean;
  /** The kernel takes values there that it does not honour: what it reads back has to be the same. */
  readonly readBack?: boolean;
  /** Follows from another field of the isolator; the manifest did not name it. */
  readonly implied?: boolean;
  /** What is written to take it back: what the file has when nobody wrote to it. Absent: it cannot be taken back. */
  readonly unset?: string;
  /** The file has a line a device or resource: this one's. */
  readonly key?: string;
  /** The value is a list of numbers, `0-3,8`. */
  readonly isList?: boolean;
  /** Another file of the same directory, whose value the kernel never lets be below this one. */
  readonly boundedBy?: string;
  /**
   * The kernel would rather end processes than refuse a value below what they use: the file that says what they use, and the one
   * that makes them give back.
   */
  readonly inUse?: { readonly file: string; readonly reclaim: string };
}

/** Capability numbers as 64-bit masks, as capset(2) and prctl(2) take them. */
export interface CapabilitySets {
  bounding: bigint;
  permitted: bigint;
  effective: bigint;
  inheritable: bigint;
  ambient: bigint;
}

export interface RlimitSetting {
  readonly resource: number;
  readonly soft: bigint;
  readonly hard: bigint;
  readonly at?: Position | undefined;
}

/** A system call that a process makes for itself before it enters its root, as the pod's root and without a filter. */
export interface ProcessSetting {
  readonly call: string;
  readonly args: readonly (number | Uint8Array)[];
  readonly at?: Position | undefined;
  /** As in `CgroupWrite`, but a whole phrase: `set nice to 5`. */
  readonly why: string;
}

/** A path inside an app's root, or a name below /proc/sys, with the line that names it. */
export interface Named<Value = string> {
  readonly value: Value;
  readonly at: Position;
}

/** As in stage2's `Landlock`. */
export interface LandlockSettings {
  readonly handledFs: bigint;
  readonly handledNet: bigint;
  readonly paths: readonly {
    readonly path: string;
    readonly access: bigint;
    readonly fileAccess: bigint;
    readonly at: Position;
  }[];
  readonly ports: readonly { readonly port: number; readonly access: bigint; readonly at: Position }[];
  readonly at: Position;
}

/** As in stage2's `Label`. */
export interface SecurityLabel {
  readonly attribute: 'exec' | 'apparmor/exec';
  readonly request: string;
  readonly shown: string;
  readonly why: string;
  readonly hints: { readonly write: Hints; readonly execve: Hints };
  readonly at: Position;
}

type Hints = Partial<Readonly<Record<ErrnoName, string>>>;

/** What a process of an app is like when it executes; isolators edit it before stage2 turns it into ops. */
export interface ProcessDraft {
  capabilities: CapabilitySets;
  capabilitiesAt?: Position | undefined;
  /** A classic BPF program (array of struct sock_filter, 8 bytes each), or none. Computed last, from `seccompPolicy`. */
  seccompPolicy: SeccompPolicy;
  noNewPrivileges: boolean;
  oomScoreAdj?: { readonly value: number; readonly at?: Position | undefined };
  rlimits: RlimitSetting[];
  umask: { readonly value: number; readonly at?: Position | undefined };
  readonly settings: ProcessSetting[];
  /** Besides the kernel's paths that are covered and read-only in every pod; those that are not there are left out. */
  readonly maskedPaths: Named[];
  readonly readOnlyPaths: Named[];
  landlock?: LandlockSettings;
  readonly labels: SecurityLabel[];
}

/** The filter as data: one answer a system call, compiled to a range tree by `seccomp-compile`. */
export interface SeccompPolicy {
  /** What a call not named in `rules` gets. */
  defaultAction: SeccompAction;
  /** By the kernel's name. */
  rules: Map<string, SeccompRule>;
  at?: Position | undefined;
}

export type SeccompAction =
  | { readonly kind: 'allow' | 'kill' | 'log' | 'trap' }
  | { readonly kind: 'errno'; readonly errno: number };

export interface SeccompRule {
  /** Answer when no argument test matches. */
  readonly action: SeccompAction;
  /** First match wins. */
  readonly when?: readonly { readonly tests: readonly SeccompTest[]; readonly action: SeccompAction }[];
}

/** `(arg & mask) <op> value` on a 64-bit argument. */
export interface SeccompTest {
  readonly arg: 0 | 1 | 2 | 3 | 4 | 5;
  readonly op: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge' | 'masked-eq';
  readonly value: bigint;
  readonly mask?: bigint;
}

/** A priority that packets get when they leave, by the cgroup of their socket: where version 2 has no controller for it. */
export interface PacketMark {
  /** `skb->priority`; a class of traffic control, major in the upper half. */
  readonly priority: number;
  /** Of the host's, the only one; absent: any. */
  readonly interface?: string;
  readonly at: Position;
  readonly why: string;
}

/** A device beyond those of every pod; an absent minor number is any. */
export interface DeviceGrant {
  readonly type: 'char' | 'block';
  readonly major: number;
  readonly minor?: number;
  /** Any of `r`, `w` and `m`, in this order. */
  readonly access: string;
  readonly at: Position;
  /** Below /dev of the pod, a clone of the host's node at `source`. */
  readonly node?: { readonly name: string; readonly source: string };
}

/** A control file's name by the version of the hierarchy; one that both have is a plain string. */
export type ControlFile = string | { readonly 1?: string; readonly 2?: string };

/** Where an isolator reads back what the kernel has in force. Each text is undefined where there is no such file. */
export interface InForceSource {
  /** Of the app's own cgroup, or the pod's. An app without limits of a version 1 controller has no cgroup of its own there. */
  readonly control: (controller: string, file: ControlFile) => string | undefined;
  /** Of /proc/PID of the app's first process; of a pod, of its first app that runs. */
  readonly proc: (file: string) => string | undefined;
  /** Of the app's first process, in the kernel's numbers; a pod has none. */
  readonly ioPriority?: () => { readonly class: number; readonly level: number } | undefined;
  /** Where a link of /proc/PID/ns leads, of the first app that runs; an app has none. Like `ipc:[4026532281]`, or `host`. */
  readonly namespace?: (name: string) => string | undefined;
  /** Of the pod's own link, in bytes a second; an app has none. */
  readonly link?: () => { readonly send: number | undefined; readonly receive: number | undefined } | undefined;
  /** What the file system of the app's writable layer holds at most, and has room for; of a pod, that of its first app. */
  readonly layer?: () => { readonly totalBytes: number; readonly freeBytes: number } | undefined;
  /** A setting of the pod's own namespaces, by its name with dots; an app has none. */
  readonly sysctl?: (name: string) => string | undefined;
  /** What rules of nftables give to packets of the app's own cgroup, or the pod's; `interface` absent: of any. */
  readonly marks?: () => readonly { readonly interface?: string; readonly priority: number }[];
}

export type InForceValue =
  | number
  | boolean
  | string
  | readonly string[]
  | { readonly soft: number | string; readonly hard: number | string };

/**
 * What the kernel says, in the isolator's own words; units stand in the names (`limitBytes`). `max` is no limit. Undefined: the
 * kernel has no such file.
 */
export type InForce = Readonly<Record<string, InForceValue | undefined>>;

export type NamespaceOwner = 'private' | 'host' | { readonly pod: string };

export interface Namespaces {
  readonly ipc: Named<NamespaceOwner>;
  readonly uts: Named<NamespaceOwner>;
  /** Whether each app has a PID namespace of its own inside the pod's. */
  readonly pid: Named<'pod' | 'app'>;
  readonly time: Named<'private' | 'host' | { readonly monotonicNs: bigint; readonly boottimeNs: bigint }>;
}

/** What lowering an isolator may change. One draft an app, one for the pod as a whole. */
export interface Draft {
  readonly scope: 'app' | 'pod';
  readonly cgroup: CgroupWrite[];
  readonly process: ProcessDraft;
  readonly devices: DeviceGrant[];
  readonly marks: PacketMark[];
  /** Of the pod's own namespaces, in the kernel's spelling: `net.ipv4.ip_forward`. */
  readonly sysctls: Named<{ readonly name: string; readonly text: string }>[];
  /** Of the pod's link, in each direction. */
  bandwidth?: { readonly bytesPerSecond: number; readonly at: Position };
  /** Absent: all are the pod's own. */
  namespaces?: Namespaces;
  /** Of files on disk. `layer`: the app's writable layer; `all`: logs and volumes too. */
  storage?: { readonly bytes: bigint; readonly covers: 'layer' | 'all'; readonly at: Position };
}

export interface IsolatorContext {
  readonly host: HostFacts;
  /** Of the isolator's name. */
  readonly at: Position;
  readonly atOf: (pointer: string) => Position;
  /** The pod's own draft, where an app is lowered and its limits have to fit into the pod's. */
  readonly pod?: Draft | undefined;
  /** The pod's network namespace is the host's. */
  readonly hostNetwork: boolean;
  /** It is another pod's. */
  readonly joinedNetwork: boolean;
  /** The pod has a user namespace of its own, in which nobody of the host's has a number. */
  readonly hasUserns: boolean;
  /** The pod is on a bridge. */
  readonly hasOwnLink: boolean;
}

/** Something that `pod doctor` tries of an isolator besides its example. */
export interface Trial<Value> {
  /** As it is called in the table. */
  readonly of: string;
  readonly value: Value;
  /** Of the pod as a whole, where an app's has to be within its pod's. */
  readonly isOfPod?: true;
}

/**
 * An isolator: what a manifest may say, and what it becomes. One file each; the registry is the only place that lists them,
 * and nothing outside an isolator's file knows it by name.
 */
export interface Isolator<Value> {
  readonly name: string;
  /** What `pod doctor` tries: something any host could honour that has the mechanism at all. */
  readonly example: Value;
  /** What it tries besides: of what a host may lack that has the rest. */
  readonly trials?: readonly Trial<Value>[];
  /** The network the pod has to have for it. Absent: any. */
  readonly network?: 'host';
  readonly scopes: readonly ('app' | 'pod')[];
  /** It limits what is on a disk: the pods of a test environment, which have nothing there, do without it. */
  readonly isOfDisk?: true;
  readonly schema: JsonSchema;
  /** What holds when the manifest does not name it; called for every draft, an app's with the draft of its pod. */
  readonly applyDefault?: (draft: Draft, host: HostFacts, pod?: Draft) => void;
  /** What `lower` needs to know of the host beyond the facts every plan has; it finds that in `host.looked`. `podsDir`: where pods are. */
  readonly look?: (value: Value, host: HostFacts, podsDir: string) => readonly Look[];
  /** Throws a `PodError` (`host/unsupported`, `manifest/schema`) at the line that asked for what cannot be honoured. */
  readonly lower: (value: Value, draft: Draft, context: IsolatorContext) => void;
  /**
   * How much of a value may come from an image. Images are made by others, so one can only take from what its app gets anyway; whoever
   * writes the pod's manifest grants the rest. Absent: nothing may.
   */
  readonly ofImage?: (value: Value, app: ImagesApp) => OfImage;
  /** Those of one kind exclude each other: one of the manifest takes the place of one of the image. */
  readonly kind?: 'capabilities' | 'filter';
  /** Why a pod that runs keeps what it was started with. Absent: it lowers to cgroup writes alone, which can be made any time. */
  readonly fixed?: string;
  /**
   * Reads back what the kernel has in force; undefined where it has nothing for this app or pod. Absent: the kernel does not tell.
   * `asked` is the manifest's value, where the kernel has to be asked about something in it (`readBackNeedsValue`).
   */
  readonly readBack?: (source: InForceSource, asked?: Value) => InForce | undefined;
  /** Where the manifest does not name the isolator, there is nothing to read back. */
  readonly readBackNeedsValue?: true;
}

/** One of them, whatever its value is. */
export type AnyIsolator = Omit<Isolator<never>, 'example' | 'trials'> & {
  readonly example: unknown;
  readonly trials?: readonly Trial<unknown>[];
};
