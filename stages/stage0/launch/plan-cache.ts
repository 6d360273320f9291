import type { PodSpec } from '../manifest/spec.ts';
import { planPod } from '../plan/plan.ts';
import type { HostFacts } from '../plan/facts.ts';
import type { Plan, PlanInput } from '../plan/types.ts';

interface Kept {
  readonly facts: HostFacts;
  readonly rest: string;
  readonly plan: Plan;
}

/** A plan depends on nothing that differs from one start to the next: the same pod on the same host is planned once. */
const plans = new WeakMap<PodSpec, Kept>();

export interface CachedPlanInput extends PlanInput {
  /** The network's plan depends on it. */
  readonly root: string;
}

/** `planPod`, or what it returned for the same input. */
export function planOnce(input: CachedPlanInput): Plan {
  const { spec, facts } = input;
  const rest = JSON.stringify([
    input.root,
    input.layersDir,
    input.stdinApp,
    [...input.fileVolumes],
    input.apps.map(({ image, user }) => [image.digest, image.mounts, image.config, user]),
  ]);
  const kept = plans.get(spec);
  if (kept?.facts === facts && kept.rest === rest) return kept.plan;
  const plan = planPod(input);
  plans.set(spec, { facts, rest, plan });
  return plan;
}
