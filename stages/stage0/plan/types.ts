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

/** An app whose image is on this machine and has been inspected. */
export interface ResolvedApp {
  readonly spec: AppSpec;
  readonly image: ResolvedImage;
  readonly user: ImageUser;
  /** The image's /etc cannot change, so that another layer may be placed on top of it. */
  readonly hasPlainEtc: boolean;
}

/** The network mode's contributions to the tapes. */
export interface NetworkPlan {
  readonly planLink: (link: Tape, bandwidth: Draft['bandwidth']) => void;
  readonly planInside: (network: Tape, bandwidth: Draft['bandwidth']) => void;
  /**
   * Runs after the pod's exit has been reported, while its lock is still held: the kernel needs an RCU grace period (5 to 20 ms) to
   * free firewall elements, and nothing has to wait for that.
   */
  readonly planSettle: (settle: Tape) => void;
  /** The very last, when the pod's lock has been let go. */
  readonly planEnd?: (settle: Tape) => void;
}

/** The first app's standard streams. The streams of the other apps follow from the manifest. */
export interface FirstStreams {
  /** `kept`: a pipe that clients may write to later. `null` with a terminal, which clients can also write to. */
  readonly input: 'null' | 'given' | 'kept';
  readonly hasTerminal: boolean;
  /** A client is connected from the start. */
  readonly hasClient: boolean;
}

/** The metadata service, if the manifest asks for it. */
export interface MetadataPlan {
  readonly planSocket: (pod: Tape) => void;
  /** Called once the processes of the apps are known. */
  readonly planAnswers: (program: Program, processes: ReadonlyMap<string, PlannedProcess>) => void;
}

/** For a normal user: the monitor first of all enters a user namespace. */
export interface EnterPlan {
  readonly planEnter: (enter: Tape) => void;
  /** Called when the monitor no longer needs anything in /proc that only a dumpable process shows. */
  readonly planShut: (attach: Tape) => void;
}

export interface PlanInput {
  readonly spec: PodSpec;
  readonly apps: readonly ResolvedApp[];
  readonly facts: HostFacts;
  readonly network: NetworkPlan;
  readonly metadata?: MetadataPlan | undefined;
  readonly enter?: EnterPlan | undefined;
  /** Errors already known about what cannot be provided. */
  readonly refusals?: readonly PodError[];
  /** Host volumes whose source is a file, and mounted parts of host volumes that are files, as `NAME/SUBPATH`. */
  readonly fileVolumes: ReadonlySet<string>;
  readonly layersDir: string;
  /** Where the directories of pods are. */
  readonly podsDir: string;
  /** The monitor should remove what the pod leaves, if it can. */
  readonly removesItself?: boolean | undefined;
  /** Absent: as the manifest says. */
  readonly first?: FirstStreams | undefined;
}

export interface PlannedProcess {
  readonly process: ProcessPlan;
  /** Capabilities before the user is taken into account. */
  readonly capabilities: CapabilitySets;
}

export interface Plan {
  readonly program: Program;
  /** By app name, for a later exec. */
  readonly processes: ReadonlyMap<string, PlannedProcess>;
  /** Cgroup hierarchies in which the host tape makes a directory. The ledger records them first. */
  readonly cgroupMounts: readonly string[];
  /** Stores on an image get their loop device with the tape, in this order. */
  readonly stores: readonly Store[];
  /** The descriptors of the joins follow those of the stores. */
  readonly joins: readonly Join[];
  /** The pod uses the host's hostname. */
  readonly hasHostName: boolean;
  /** The pod has its own firewall table. The ledger records it first. */
  readonly hasMarks: boolean;
  /** The monitor removes what the pod leaves, once it is told that nobody needs it any more. */
  readonly clearsItself: boolean;
}
