import type { PodSpec } from '../manifest/spec.ts';
import type { HostFacts, Look } from '../plan/facts.ts';
import { findIsolator } from './registry.ts';

/** What the isolators of a pod and its apps want to know of the host. */
export function looksOf(spec: Pick<PodSpec, 'apps' | 'isolators'>, host: HostFacts, podsDir: string): Look[] {
  const all = [...spec.isolators, ...spec.apps.flatMap(({ isolators }) => isolators)];
  const looks = all.flatMap(({ name, value }) => findIsolator(name)?.look?.(value as never, host, podsDir) ?? []);
  return [...new Set(looks)];
}
