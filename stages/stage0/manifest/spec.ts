import type { Position } from '../error.ts';

/** A value and the place in the manifest that gave it; a default carries the place of what it defaults for. */
export interface Located<T> {
  readonly value: T;
  readonly at: Position;
}

export type NetworkSpec =
  | {
      readonly mode: 'bridge';
      /** No manifest says so: its address is one of a room; `closed`: it reaches no other, and the host only to answer. IPv4 only then. */
      readonly room?: 'open' | 'closed';
      /** Of a room: another pod has the address still. The pod waits before it starts an app, and for its place on the bridge. */
      readonly isHeld?: true;
      readonly at: Position;
    }
  | { readonly mode: 'none' | 'host'; readonly at: Position }
  | { readonly mode: 'pod' | 'cni'; readonly target: string; readonly at: Position };

/** `auto`: a range of `size` host uids of the pod's own. `host`: no user namespace. */
export type UsernsSpec =
  | { readonly mode: 'auto'; readonly size: number; readonly at: Position }
  | { readonly mode: 'host'; readonly at: Position };

export type VolumeSpec =
  | {
      readonly kind: 'empty';
      readonly name: string;
      readonly medium: 'disk' | 'memory';
      readonly sizeBytes?: number;
      readonly at: Position;
    }
  /** `source` is absolute: relative paths are resolved against the manifest's folder. */
  | {
      readonly kind: 'host';
      readonly name: string;
      readonly source: string;
      readonly readOnly: boolean;
      readonly at: Position;
    }
  /** `files`: path inside the volume → its content. */
  | {
      readonly kind: 'inline';
      readonly name: string;
      readonly files: Readonly<Record<string, string>>;
      readonly at: Position;
    };

export interface MountSpec {
  readonly volume: string;
  /** Absolute, inside the app's root file system. */
  readonly path: string;
  readonly readOnly: boolean;
  readonly subPath?: string;
  readonly at: Position;
}

export interface PortSpec {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'tcp' | 'udp';
  readonly hostPort?: number;
  readonly hostIP?: string;
  /** Of the host port if there is one. */
  readonly at: Position;
  readonly hostIPAt?: Position;
}

export interface IsolatorSpec {
  readonly name: string;
  /** Fits the isolator's own schema. */
  readonly value: unknown;
  /** Of the isolator's name. */
  readonly at: Position;
  /** The place of a member of `value`, by JSON pointer relative to it (`/limit`); falls back to `at`. */
  readonly atOf: (pointer: string) => Position;
}

export interface RestartSpec {
  readonly policy: 'never' | 'on-failure' | 'always';
  readonly maxRetries?: number;
  readonly backoff: {
    readonly initialMs: number;
    /** At least `initialMs`. */
    readonly capMs: number;
    /** An app that has run so long has its failures forgotten. */
    readonly resetMs: number;
  };
  readonly at: Position;
}

export interface AfterSpec {
  readonly app: string;
  readonly condition: 'started' | 'ready' | 'completed';
  readonly at: Position;
}

export interface StopSpec {
  /** Name with the SIG prefix; absent: the image's, else SIGTERM. */
  readonly signal?: string;
  readonly graceMs: number;
}

export type HookName = 'preStart' | 'postStart' | 'preStop' | 'postStop';

export interface HooksSpec {
  readonly commands: Readonly<Partial<Record<HookName, Located<readonly string[]>>>>;
  /** Of each. */
  readonly limitMs: number;
  /** Those that run as the app's user although they do not run beside the app. */
  readonly asUser?: readonly HookName[];
}

/** Where a probe connects to, from inside the pod. */
interface ProbeTarget {
  readonly port: number;
  /** In numbers; `pod`: the pod's own address, whatever it will be. */
  readonly address: string;
  /** How requests name the host. */
  readonly hostName: string;
}

export type TcpProbe = { readonly kind: 'tcp' } & ProbeTarget;
export type HttpProbe = {
  readonly kind: 'http';
  /** With the query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
} & ProbeTarget;
/** `service` is empty for the server as a whole. */
export type GrpcProbe = { readonly kind: 'grpc'; readonly service: string } & ProbeTarget;
export type ExecProbe = { readonly kind: 'exec'; readonly command: readonly string[] };

export interface ProbeSpec {
  readonly role: 'start' | 'ready' | 'live';
  readonly delayMs: number;
  readonly periodMs: number;
  /** No manifest has it: the first tries of a probe that is waited for come sooner, see `ProbeTimes` of the tape. */
  readonly earlyMs?: number;
  readonly timeoutMs: number;
  /** So many in a row. */
  readonly successes: number;
  readonly failures: number;
  readonly question: TcpProbe | HttpProbe | GrpcProbe | ExecProbe;
  readonly at: Position;
}

export interface AppSpec {
  readonly name: string;
  readonly image: Located<string>;
  /** Absent: the image's entry point and command. */
  readonly exec?: Located<readonly string[]>;
  /** Name, number or path as in appc; absent: the image's. */
  readonly user?: Located<string>;
  readonly group?: Located<string>;
  readonly supplementaryGids: readonly number[];
  readonly env: Readonly<Record<string, string>>;
  readonly workingDirectory?: Located<string>;
  readonly readOnlyRootFS: boolean;
  readonly tty: boolean;
  readonly mounts: readonly MountSpec[];
  readonly ports: readonly PortSpec[];
  readonly isolators: readonly IsolatorSpec[];
  readonly restart: RestartSpec;
  readonly after: readonly AfterSpec[];
  readonly stop: StopSpec;
  /** Served by the metadata service. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly hooks: HooksSpec;
  readonly probes: readonly ProbeSpec[];
  readonly at: Position;
}

/** How `pod apply` brings the pod about beside the others of its folder, from annotations. */
export interface RolloutSpec {
  readonly dependsOn: readonly {
    readonly pod: string;
    readonly condition: 'started' | 'ready' | 'completed';
    readonly at: Position;
  }[];
  /** `start-first`: the new pod is ready before the old one goes. */
  readonly strategy: 'replace' | 'start-first';
  /** A pod without probes is healthy when it has run so long; absent: the default. */
  readonly minReadyMs?: number;
  /** May be removed when its manifest is gone. */
  readonly mayBePruned: boolean;
}

/** A directory that something begins with, and what its root shows; owners as the pod numbers them. */
export interface SnapshotLayer {
  readonly path: string;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What a pod of a test environment has besides what its manifest says (`stages/stage0/environment`). */
export interface EnvironmentSpec {
  /** Absolute: its writable directories are made there, and stay. Absent: they are in memory, and go with the pod. */
  readonly storage?: string;
  /** By app: a layer on top of each of its image's mounts. */
  readonly layers: Readonly<Record<string, readonly SnapshotLayer[]>>;
  /** By volume: what it starts with. */
  readonly volumes: Readonly<Record<string, SnapshotLayer>>;
  /** Of /etc/machine-id. */
  readonly machineId: string;
}

/** A manifest that passed every check, in one form whatever dialect it was written in. Units are canonical. */
export interface PodSpec {
  readonly manifest: {
    /** As given on the command line; `-` for standard input. */
    readonly path: string;
    /** `sha256:` and 64 hex digits of the bytes. */
    readonly digest: string;
    readonly text: string;
  };
  readonly name: string;
  readonly nameAt: Position;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly rollout: RolloutSpec;
  readonly hostname: string;
  readonly network: NetworkSpec;
  readonly userns: UsernsSpec;
  readonly volumes: readonly VolumeSpec[];
  readonly apps: readonly AppSpec[];
  /** There when the pod has a metadata service; the place that asks for it. */
  readonly metadataService?: Position;
  readonly environment?: EnvironmentSpec;
  /** Of the pod as a whole. */
  readonly isolators: readonly IsolatorSpec[];
  readonly at: Position;
}

/** What isolators are judged by. */
export interface IsolatedPod extends Pick<PodSpec, 'isolators' | 'network' | 'userns'> {
  readonly apps: readonly Pick<AppSpec, 'name' | 'isolators'>[];
}
