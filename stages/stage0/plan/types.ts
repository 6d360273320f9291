import type { Program, Tape } from '../../tape/program.ts';
import type { PodError } from '../error.ts';
import type { ProcessPlan } from '../../stage2/process.ts';
import type { ImageUser } from '../image/user.ts';
import type { ResolvedImage } from '../image/types.ts';
import type { AppSpec, PodSpec } from '../manifest/spec.ts';
import type { Store } from '../rootfs/types.ts';
import type { CapabilitySets, Draft } from '../isolators/isolator.ts';
import type { Join } from './joins.ts';
import type { HostFacts } from './facts.ts';

/** An app whose image is on this machine and was looked into. */
export interface ResolvedApp {
  readonly spec: AppSpec;
  readonly image: ResolvedImage;
  readonly user: ImageUser;
  /** /etc of the image never changes, and another layer may be laid on top of it. */
  readonly hasPlainEtc: boolean;
}

/** What the network mode puts on the tapes. */
export interface NetworkPlan {
  readonly planLink: (link: Tape, bandwidth: Draft['bandwidth']) => void;
  readonly planInside: (network: Tape, bandwidth: Draft['bandwidth']) => void;
  /**
   * After the pod's exit was told, while its lock is still held: the kernel takes an RCU grace period (5 to 20 ms) to let
   * firewall elements go, which nobody has to wait for.
   */
  readonly planSettle: (settle: Tape) => void;
}

/** What the first app's standard streams are; those of the others follow from the manifest. */
export interface FirstStreams {
  /** `kept`: a pipe that clients may write to later; with a terminal, which is that too, `null`. */
  readonly input: 'null' | 'given' | 'kept';
  readonly hasTerminal: boolean;
  /** A client comes with the pod. */
  readonly hasClient: boolean;
}

/** The metadata service, where the manifest asks for it. */
export interface MetadataPlan {
  readonly planSocket: (pod: Tape) => void;
  /** When it is known what the apps' processes are. */
  readonly planAnswers: (program: Program, processes: ReadonlyMap<string, PlannedProcess>) => void;
}

/** For a normal user: the monitor goes into a user namespace before it does anything else. */
export interface EnterPlan {
  readonly planEnter: (enter: Tape) => void;
  /** When the monitor needs nothing any more that /proc shows of a dumpable process only. */
  readonly planShut: (attach: Tape) => void;
}

export interface PlanInput {
  readonly spec: PodSpec;
  readonly apps: readonly ResolvedApp[];
  readonly facts: HostFacts;
  readonly network: NetworkPlan;
  readonly metadata?: MetadataPlan | undefined;
  readonly enter?: EnterPlan | undefined;
  /** What is known already that cannot be honoured. */
  readonly refusals?: readonly PodError[];
  /** Host volumes whose source is a file, and mounted parts of them that are, as `NAME/SUBPATH`. */
  readonly fileVolumes: ReadonlySet<string>;
  readonly layersDir: string;
  /** Where the directories of pods are. */
  readonly podsDir: string;
  /** Its monitor is to remove what it leaves, where it can. */
  readonly removesItself?: boolean | undefined;
  /** Absent: as the manifest has it. */
  readonly first?: FirstStreams | undefined;
}

export interface PlannedProcess {
  readonly process: ProcessPlan;
  /** Before the user was taken into account. */
  readonly capabilities: CapabilitySets;
}

export interface Plan {
  readonly program: Program;
  /** By app name, for exec later. */
  readonly processes: ReadonlyMap<string, PlannedProcess>;
  /** Cgroup hierarchies the host tape makes a directory in; the ledger names them before. */
  readonly cgroupMounts: readonly string[];
  /** Those on an image need its loop device, in this order, with the tape. */
  readonly stores: readonly Store[];
  /** Their descriptors come behind those. */
  readonly joins: readonly Join[];
  /** Its hostname is the host's. */
  readonly hasHostName: boolean;
  /** The pod has a table of the firewall's; the ledger names it before. */
  readonly hasMarks: boolean;
  /** Its monitor removes what it leaves, when it is told that nobody looks at it any more. */
  readonly clearsItself: boolean;
}
