import type { IsolatedPod } from '../manifest/spec.ts';
import type { HostFacts } from '../plan/facts.ts';
import { writesForApps } from './apps-together.ts';
import { lowerIsolators, type Lowered } from './lower.ts';

/** A pod's isolators and those of its apps, lowered together: the limits of an app have to fit into its pod's. */
export interface LoweredPod {
  readonly pod: Lowered;
  /** By name, in manifest order. */
  readonly apps: ReadonlyMap<string, Lowered>;
}

export function lowerPod(spec: IsolatedPod, facts: HostFacts): LoweredPod {
  const options = {
    hostNetwork: spec.network.mode === 'host',
    joinedNetwork: spec.network.mode === 'pod',
    hasOwnLink: spec.network.mode === 'bridge' && !facts.caller,
    hasUserns: spec.userns.mode !== 'host' || facts.caller !== undefined,
  };
  const pod = lowerIsolators(spec.isolators, 'pod', facts, options);
  const apps = spec.apps.map(
    ({ name, isolators }) => [name, lowerIsolators(isolators, 'app', facts, { ...options, pod: pod.draft })] as const,
  );
  const drafts = apps.map(([, { draft }]) => draft);
  pod.draft.cgroup.push(...writesForApps(pod.draft, drafts));
  return { pod, apps: new Map(apps) };
}
