import type { PodState } from './layout.ts';

/** A pod's directory and its place at the time of the lookup; another process may move it at any time. */
export interface PodDir {
  readonly uuid: string;
  readonly state: PodState;
  readonly path: string;
}

/** A pod that is being made. `lockFd` holds its lock until it is closed here and in every process that inherits it. */
export interface NewPod {
  readonly uuid: string;
  readonly path: string;
  readonly lockFd: number;
}

/** What is needed to find a pod; implemented by `PodStore`. */
export interface PodLookup {
  readonly root: string;
  list(states?: readonly PodState[]): PodDir[];
  locate(uuid: string): PodDir | undefined;
}
