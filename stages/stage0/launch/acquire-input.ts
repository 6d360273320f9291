import type { RunOptions } from '../cli/launch-api.ts';
import type { CompiledPod, PodIdentity } from './compiled.ts';

/** What is known when a pod is about to take things from the host. */
export interface AcquireInput {
  readonly identity: PodIdentity;
  readonly pod: CompiledPod;
  readonly options: RunOptions;
}
