import type { NewPod } from '../pod/pod-dir.ts';
import type { RunOptions } from '../cli/launch-api.ts';
import type { CompiledPod, PodIdentity } from './compiled.ts';

/** What is known when a pod is about to take things from the host. */
export interface AcquireInput {
  readonly identity: PodIdentity;
  readonly pod: CompiledPod;
  readonly options: RunOptions;
  /** A prepared pod: it has its name and its directory, and we its lock. */
  readonly prepared?: PreparedPod | undefined;
}

export interface PreparedPod extends NewPod {
  readonly createdAt: string;
}
