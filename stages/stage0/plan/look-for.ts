import { looksOf } from '../isolators/looks.ts';
import type { PodSpec } from '../manifest/spec.ts';
import type { HostFacts } from './facts.ts';
import { lookAround } from './look.ts';

/** The host's facts with what the isolators of this pod want to know besides; for most pods that is nothing. */
export function lookFor(spec: Pick<PodSpec, 'apps' | 'isolators'>, host: HostFacts): HostFacts {
  const looks = looksOf(spec, host);
  return looks.length === 0 ? host : { ...host, looked: lookAround(looks) };
}
