import type { SupervisedApp, SupervisedRestart } from '../../tape/program.ts';
import type { RestartSpec } from '../manifest/spec.ts';
import type { PlanInput } from './types.ts';

/** The pauses are also used for an app without automatic restart, because a failed live probe restarts it too. */
export function planRestart({ policy, maxRetries, backoff }: RestartSpec): SupervisedRestart {
  return {
    policy,
    maxRetries,
    backoffFirstMs: backoff.initialMs,
    backoffCapMs: backoff.capMs,
    healthyMs: backoff.resetMs,
  };
}

export function planDependencies(apps: PlanInput['apps'], name: string): SupervisedApp['dependsOn'] {
  const own = apps.find(({ spec }) => spec.name === name);
  return (own?.spec.after ?? []).map(({ app, condition }) => ({
    app: apps.findIndex(({ spec }) => spec.name === app),
    condition,
  }));
}
