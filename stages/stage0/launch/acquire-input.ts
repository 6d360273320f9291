import type { NewPod } from '../pod/pod-dir.ts';
import type { RunOptions } from '../cli/launch-api.ts';
import type { CompiledPod, PodIdentity } from './compiled.ts';

/** The inputs of taking what a pod needs from the host. */
export interface AcquireInput {
  readonly identity: PodIdentity;
  readonly pod: CompiledPod;
  readonly options: RunOptions;
  /** Set for a prepared pod: it already has its name and directory, and the caller holds its lock. */
  readonly prepared?: PreparedPod | undefined;
}

export interface PreparedPod extends NewPod {
  readonly createdAt: string;
}
