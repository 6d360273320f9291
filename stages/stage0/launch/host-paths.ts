import type { PodSpec } from '../manifest/spec.ts';

/** A host path that a pod mounts, and its key among the file volumes. */
export interface HostPath {
  readonly source: string;
  readonly key: string;
}

/** The parts of a spec that name host paths. */
export type Mounting = Pick<PodSpec, 'volumes' | 'apps'>;

/** Host volumes, by name, and the parts of them that apps mount, as `NAME/SUBPATH`. */
export function hostPathsOf(spec: Mounting): HostPath[] {
  const whole = spec.volumes.flatMap((volume) =>
    volume.kind === 'host' ? [{ source: volume.source, key: volume.name }] : [],
  );
  return [...whole, ...hostPartsOf(spec)];
}

export function hostPartsOf({ volumes, apps }: Mounting): HostPath[] {
  return apps.flatMap(({ mounts }) =>
    mounts.flatMap(({ volume: name, subPath }) => {
      const volume = volumes.find((one) => one.name === name);
      if (subPath === undefined || volume?.kind !== 'host') return [];
      return [{ source: `${volume.source}/${subPath}`, key: `${name}/${subPath}` }];
    }),
  );
}
