import { planPod } from '../plan/plan.ts';
import type { HostFacts } from '../plan/facts.ts';
import type { Plan, PlanInput } from '../plan/types.ts';

const KEPT_PLANS = 64;
let kept = new Map<string, Plan>();
let keptFor: HostFacts | undefined;

export interface CachedPlanInput extends PlanInput {
  /** The network's plan depends on it. */
  readonly root: string;
}

/** All that a plan depends on; what is a symbol on the tape (a pod's name is one) is left out. */
function keyOf({ spec, apps, root, layersDir, stdinApp, fileVolumes }: CachedPlanInput): string {
  const { manifest, name, hostname, labels, annotations, ...planned } = spec;
  void [manifest, name, hostname, labels, annotations];
  const resolved = apps.map(({ image, user }) => [image.digest, image.mounts, image.config, user]);
  return JSON.stringify([planned, resolved, root, layersDir, stdinApp, [...fileVolumes]]);
}

/** `planPod`, or what it returned for an input that differs in nothing a plan depends on. */
export function planOnce(input: CachedPlanInput): Plan {
  if (keptFor !== input.facts) {
    kept = new Map();
    keptFor = input.facts;
  }
  const key = keyOf(input);
  const known = kept.get(key);
  if (known) return known;
  const plan = planPod(input);
  if (kept.size >= KEPT_PLANS) kept.delete(kept.keys().next().value!);
  kept.set(key, plan);
  return plan;
}
