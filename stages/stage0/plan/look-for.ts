import { looksOf } from '../isolators/looks.ts';
import type { PodSpec, VolumeSpec } from '../manifest/spec.ts';
import type { HostFacts, Look } from './facts.ts';
import { lookAround } from './look.ts';

/**
 * Adds the facts that the isolators and volumes of this pod need; for most pods there are none. `podsDir`: where the directories of
 * pods are.
 */
export function lookFor(
  spec: Pick<PodSpec, 'apps' | 'isolators' | 'volumes'>,
  host: HostFacts,
  podsDir: string,
): HostFacts {
  const store: Look[] = spec.volumes.some(isBoundedOnDisk) ? [`store ${podsDir}`] : [];
  const looks = [...new Set([...looksOf(spec, host, podsDir), ...store])];
  return looks.length === 0 ? host : { ...host, looked: lookAround(looks) };
}

export function isBoundedOnDisk(volume: VolumeSpec): boolean {
  return volume.kind === 'empty' && volume.medium === 'disk' && volume.sizeBytes !== undefined;
}
