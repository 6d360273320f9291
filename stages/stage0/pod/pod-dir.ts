import type { PodState } from './layout.ts';

/** A pod's directory and where it was when we looked; another process may move it on at any time. */
export interface PodDir {
  readonly uuid: string;
  readonly state: PodState;
  readonly path: string;
}

/** A pod in the making. `lockFd` holds its lock until it is closed here and in every process that inherits it. */
export interface NewPod {
  readonly uuid: string;
  readonly path: string;
  readonly lockFd: number;
}

/** What finding a pod takes; `PodStore` is it. */
export interface PodLookup {
  readonly root: string;
  list(states?: readonly PodState[]): PodDir[];
  locate(uuid: string): PodDir | undefined;
}
