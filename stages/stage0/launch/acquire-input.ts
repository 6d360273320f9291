import type { RunOptions } from '../cli/launch-api.ts';
import type { PodSpec } from '../manifest/spec.ts';
import type { Plan, ResolvedApp } from '../plan/types.ts';
import type { NetworkMode } from './network-mode.ts';

/** What is known when a pod is about to take things from the host. */
export interface AcquireInput {
  readonly spec: PodSpec;
  readonly apps: readonly ResolvedApp[];
  readonly plan: Plan;
  readonly network: NetworkMode;
  readonly options: RunOptions;
}
