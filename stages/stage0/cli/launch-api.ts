import type { Fd } from '../../linux/fd.ts';
import type { Position } from '../error.ts';
import type { PodSpec } from '../manifest/spec.ts';
import type { ImageProgress } from '../image/types.ts';
import type { Frozen, Pins } from '../pins/pins.ts';
import type { EnvironmentPlace } from '../launch/acquire-network.ts';
import type { PodDir } from '../pod/pod-dir.ts';

/** What the command line needs of the launcher; `launch/` implements it, one file a function. */
export interface LaunchApi {
  /** `launch/run-file.ts`. Resolves when every app has started, or the pod has ended already. */
  readonly runFile: (manifest: ManifestInput, options: RunOptions) => Promise<RunningPod>;
  /** `launch/run-file.ts`. Compiles, and makes nothing yet. */
  readonly readyFile: (manifest: ManifestInput, options: RunOptions) => Promise<ReadyPod>;
  /** `launch/prepare.ts`. The result is the uuid. */
  readonly preparePod: (manifest: ManifestInput, options: RunOptions) => Promise<string>;
  readonly readPrepared: (pod: PodDir) => ManifestInput;
  readonly startPrepared: (pod: PodDir, manifest: ManifestInput, options: RunOptions) => Promise<RunningPod>;
  /** `launch/exec.ts`. Resolves when the process has been executed. */
  readonly execInPod: (podDir: string, options: ExecOptions) => Promise<RunningExec>;
  /** `launch/attach.ts`. Throws when the app has ended. */
  readonly attachToApp: (podDir: string, app: string | undefined) => Promise<AttachedApp>;
  /** `launch/plan.ts`. Makes no system call that changes anything. */
  readonly planPod: (spec: PodSpec, options: PlanOptions) => Promise<PodPlan>;
}

/** `launch/control.ts`: words to a running pod's init, over its control socket. */
export interface ControlApi {
  /** Asks for a graceful stop and returns; a second call with 0 kills. */
  readonly stopPod: (podDir: string, options: { readonly graceMs?: number | undefined }) => Promise<void>;
  /** Asks for a graceful stop and a new start, of one app or of all in their order, and returns. */
  readonly restartPod: (podDir: string, app: string | undefined, graceMs?: number) => Promise<void>;
  /** Sends a signal, by name with the SIG prefix, to one app or to all. */
  readonly signalPod: (podDir: string, app: string | undefined, signal: string) => Promise<void>;
}

/** A manifest, and what the command line says instead of it. */
export interface ManifestInput {
  /** As given; `-` is standard input. */
  readonly path: string;
  readonly text: string;
  /** Relative paths in the manifest start here: the manifest's folder, or the current one for standard input. */
  readonly baseDir: string;
  readonly name?: string | undefined;
  readonly network?: string | undefined;
}

export interface RunOptions {
  readonly root: string;
  /** The manifest's folder: relative paths and image references start there. */
  readonly baseDir: string;
  /** The first app gets the caller's standard input; otherwise, if it has no terminal, it reads /dev/null. */
  readonly stdin: boolean;
  /** The first app gets a terminal, as with `tty: true`. */
  readonly tty?: boolean;
  /** Nobody stays with the pod: with `stdin`, the first app's input is kept open for those who attach later. */
  readonly isDetached?: boolean;
  /**
   * The first app's terminal is going to be shown: the result is the size it gets. Called before anything is acquired; what it
   * throws ends the launch.
   */
  readonly onTerminal?: () => TerminalSize | undefined;
  /** What the new pod is to have; absent: a random one. */
  readonly uuid?: string;
  /** A living pod that gives up its name to the new one. */
  readonly replaces?: string | undefined;
  /** Kept in the record: gc removes the pod without a grace period once it has exited. */
  readonly autoRemove: boolean;
  /** The monitor removes what the pod leaves, where it can: see `RunningPod.clear`. */
  readonly removesItself?: boolean;
  /** Nobody may collect the pod after its end until `release()`: its logs are still to be read. */
  readonly keepLock?: boolean;
  readonly onProgress?: (progress: ImageProgress) => void;
  /** Called at the start of each phase: `recall`, then `parse`, `resolve` and `plan` unless the pod is as it was, `acquire`, `start`. */
  readonly onPhase?: (phase: string) => void;
  readonly onWarning?: (warning: Error) => void;
  readonly signal?: AbortSignal;
  /** All images must be in the lock beside the manifest; see `pins/`. */
  readonly frozen?: Frozen | undefined;
  /** Digests that image references stand for, where that is known: those images are taken, though their sources be gone. */
  readonly images?: Readonly<Record<string, string>>;
  /** In place of the lock beside the manifest; for `launch/run.ts`. */
  readonly pins?: Pins | undefined;
  /** Nothing but this runs in the process: its signals are ours. */
  readonly ownsProcess?: boolean;
  /** Of a pod of a test environment: its address and what it knows of the others. */
  readonly place?: EnvironmentPlace;
  /** What a pod that is held back waits on (`NetworkSpec.isHeld`). Closed when it was handed off. */
  readonly gate?: Fd | undefined;
  /** Called when the pod has its uuid and its directory, before anything starts: the foreground follows its logs from here. */
  readonly onCreated?: (pod: {
    readonly uuid: string;
    readonly path: string;
    readonly apps: readonly string[];
  }) => void;
  /** Called when the pod is on its own: it can be stopped and its logs read, while apps may wait long for their start. */
  readonly onLaunched?: (pod: RunningPod) => void;
  /** Called when an app could not be started: the pod has ended, and is removed next. */
  readonly onFailed?: () => void;
}

/** A pod that needs only to be started. */
export interface ReadyPod {
  readonly name: string;
  readonly apps: readonly string[];
  /** Where the manifest begins. */
  readonly at: Position;
  readonly start: (
    more: Pick<RunOptions, 'uuid' | 'replaces' | 'keepLock' | 'onCreated' | 'onLaunched' | 'onFailed'>,
  ) => Promise<RunningPod>;
}

export interface PodExit {
  /** By the rule of `docs/cli.md`. */
  readonly exitCode: number;
}

export interface RunningPod {
  readonly uuid: string;
  readonly name: string;
  /** `pods/run/<uuid>`. */
  readonly path: string;
  readonly ips: readonly string[];
  readonly apps: readonly string[];
  /** Of the first app's terminal, attached before the app was started; after `onTerminal` only. */
  readonly client?: AttachedApp | undefined;
  /** Never rejects because of what an app did, but as the start does when that fails. */
  readonly exit: Promise<PodExit>;
  readonly stop: (options?: { readonly graceMs?: number | undefined }) => Promise<void>;
  /** By name with the SIG prefix. */
  readonly kill: (signal: string) => Promise<void>;
  /** Lets go of the pod, with `keepLock`; may be called again. */
  readonly release: () => void;
  /** After its end: nobody needs what it has left. Resolves when the monitor has removed that, but for its name, or has left it as it is. */
  readonly clear?: (() => Promise<void>) | undefined;
  /** Of a pod of a test environment. */
  readonly lifeline?: Lifeline | undefined;
}

/** What keeps a pod alive: it ends with this process. */
export interface Lifeline {
  /** Ends the pod, or what is left of it, at once; resolves when nothing is left. */
  readonly cut: () => Promise<void>;
  /** Lets the pod outlive this process, as any other pod; not to be called after `cut`. */
  readonly letGo: () => void;
}

/** A client of an app: sees what it writes from now on, and writes to its standard input. */
export interface AttachedApp {
  /** Output and errors are one then, and go to `stream`. */
  readonly isTerminal: boolean;
  readonly takesInput: boolean;
  /** Descriptors of a socket for its input and output, and of one for its errors: the caller's from here on. */
  readonly takeStreams: () => { readonly stream: number; readonly errors: number };
  /** When the app has ended for good; undefined when init ended without a word. */
  readonly end: Promise<AttachedEnd | undefined>;
  readonly resize: (size: TerminalSize) => void;
  /** Leaves the app to itself. */
  readonly close: () => void;
}

export interface AttachedEnd extends PodExit {
  /** Bytes of output this client was too slow for. */
  readonly lostBytes: number;
}

/** Descriptors of the caller that become 0, 1 and 2. `null` is /dev/null. */
export type Streams = readonly [number | null, number | null, number | null];

export interface ExecOptions {
  readonly argv: readonly string[];
  /** Absent: the pod's only app, else its first. */
  readonly app?: string | undefined;
  /** Added to the app's. */
  readonly env: Readonly<Record<string, string>>;
  readonly user?: string | undefined;
  readonly workingDirectory?: string | undefined;
  /** Ignored with `tty`. A function is told whether the app has a label of a security module: see `isLabelled`. */
  readonly stdio: Streams | ((isLabelled: boolean) => Promise<Streams>);
  /** A pseudo-terminal becomes the process's controlling terminal; `terminal` is its other end. */
  readonly tty: boolean;
  readonly size?: TerminalSize | undefined;
  /** Nothing but this runs in the process: its signals are ours. */
  readonly ownsProcess?: boolean;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

export interface RunningExec {
  /** 128+N when signal N killed it. */
  readonly exit: Promise<PodExit>;
  /** To the process alone, or to its process group: itself and its children, unless they left the group. */
  readonly signal: (name: string, to: 'process' | 'group') => Promise<void>;
  /** The master's descriptor, with `tty` only; the caller closes it. */
  readonly terminal?: number | undefined;
}

export interface PlanOptions extends Pick<RunOptions, 'frozen' | 'onWarning'> {
  readonly root: string;
  readonly baseDir: string;
}

export interface PodPlan {
  /** One line a call, with the manifest's line. */
  readonly toText: () => string;
  readonly toJson: () => unknown;
  /** The encoded tape. */
  readonly toTape: () => Uint8Array;
  /** `sha256:…` over the encoded tape, whose symbols are unbound. */
  readonly hash: () => string;
}
