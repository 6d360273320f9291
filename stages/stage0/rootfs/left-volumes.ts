import type { MountSpec, VolumeSpec } from '../manifest/spec.ts';
import type { Store } from './types.ts';
import { limitedVolumePath, volumePath } from './volumes.ts';

/** A volume, where an app mounted it, and what is left of it when the pod has ended. */
export interface LeftVolume {
  readonly name: string;
  /** Absolute path in the app's root. */
  readonly path: string;
  /** The part of the volume that is mounted. */
  readonly subPath?: string;
  /** Path in the pod's directory. */
  readonly directory?: string;
  /** Why nothing is left. */
  readonly gone?: string;
}

/** Mounts nearer to the root come first, as they were mounted. */
export function leftVolumes(
  volumes: readonly VolumeSpec[],
  stores: readonly Store[],
  mounts: readonly MountSpec[],
): LeftVolume[] {
  const byDepth = mounts.toSorted((a, b) => a.path.split('/').length - b.path.split('/').length);
  return byDepth.flatMap(({ volume: name, path, subPath }) => {
    const volume = volumes.find((one) => one.name === name);
    return volume ? [{ name, path, ...(subPath === undefined ? {} : { subPath }), ...leftOf(volume, stores) }] : [];
  });
}

function leftOf(volume: VolumeSpec, stores: readonly Store[]): Pick<LeftVolume, 'directory' | 'gone'> {
  if (volume.kind === 'host') return { gone: `it is ${volume.source} of the host` };
  if (volume.kind === 'inline') return { gone: 'what it held is in the manifest' };
  if (volume.medium === 'memory') return { gone: 'it was in memory' };
  const store = stores.find(({ volumes }) => volumes.includes(volume.name));
  if (!store) return { directory: volumePath(volume.name) };
  if (store.method !== 'project') return { gone: 'its limited disk was a file system of its own' };
  return { directory: `store.${store.name}/${limitedVolumePath(volume.name)}` };
}
