// Test environments: `import { environment } from 'pod/test'`. The guide is docs/testing.md.

import './dispose-symbols.ts';
import type { EnvironmentOptions } from './environment/options.ts';
import { Stack } from './environment/stack.ts';

export { all, any, exec, exit, http, logLine, port, ready } from './environment/conditions.ts';
export type { Condition, Until, WaitSettings } from './environment/condition.ts';
export type { ExecCondition, HttpCondition } from './environment/conditions.ts';
export { Environment } from './environment/environment.ts';
export type { CloneSettings, EnvironmentOptions } from './environment/options.ts';
export { PodError, PodErrors } from './error.ts';
export { Stack } from './environment/stack.ts';
export { TestPod } from './environment/test-pod.ts';

/**
 * Describes an environment for tests. Throws `PodErrors` with all faults of its manifests. Starts nothing: pods are started by
 * `clone`.
 */
export function environment(name: string, options: EnvironmentOptions): Stack {
  return new Stack(name, options);
}
