import { createHash } from 'node:crypto';
import { statSync } from 'node:fs';
import { findIsolator } from '../isolators/registry.ts';
import type {
  AppSpec,
  EnvironmentSpec,
  IsolatorSpec,
  NetworkSpec,
  PodSpec,
  SnapshotLayer,
  VolumeSpec,
} from '../manifest/spec.ts';

/** 2020-01-01T00:00:00Z. */
const SOURCE_DATE_EPOCH = '1577836800';
/** The first retry interval of a ready probe while an app is starting. */
const EARLY_MS = 4;

export interface SpecInput {
  /** The environment's name. */
  readonly environment: string;
  readonly podName: string;
  readonly isHermetic: boolean;
  /** True when another pod still has this pod's address. */
  readonly isHeld: boolean;
  /** Directory that setup's files are written to; absent: memory. */
  readonly storage?: string | undefined;
  /** What setup has written. */
  readonly snapshot?: PodSnapshot | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** The snapshot of one pod. */
export type PodSnapshot = Pick<EnvironmentSpec, 'layers' | 'volumes'>;

/** Turns a manifest's spec into the spec of an environment's pod. */
export function newCloneSpec(spec: PodSpec, input: SpecInput): PodSpec {
  const { environment, podName, isHermetic, isHeld, storage, snapshot, labels } = input;
  return {
    ...spec,
    name: podName,
    labels: { ...spec.labels, ...labels },
    network: networkOf(spec.network, isHermetic, isHeld),
    volumes: spec.volumes.map(storage === undefined && snapshot === undefined ? inMemory : unlimited),
    isolators: spec.isolators.filter(isKept),
    apps: spec.apps.map(newCloneApp),
    environment: {
      ...(storage === undefined ? {} : { storage }),
      machineId: createHash('md5').update(`${environment}/${spec.name}`).digest('hex'),
      ...(snapshot ?? { layers: {}, volumes: {} }),
    },
  };
}

function networkOf(network: NetworkSpec, isHermetic: boolean, isHeld: boolean): NetworkSpec {
  if (network.mode !== 'bridge') return network;
  return { ...network, room: isHermetic ? 'closed' : 'open', ...(isHeld ? { isHeld: true } : {}) };
}

/** A clone keeps nothing on disk. */
function inMemory(volume: VolumeSpec): VolumeSpec {
  return volume.kind === 'empty' ? { ...volume, medium: 'memory' } : volume;
}

/** A volume that starts from a snapshot is in memory, together with everything else that the pod writes. */
function unlimited(volume: VolumeSpec): VolumeSpec {
  if (volume.kind !== 'empty' || volume.medium === 'memory') return volume;
  const { sizeBytes: _sizeBytes, ...rest } = volume;
  return rest;
}

/** A clone has nothing on disk that could be limited. */
function isKept({ name }: IsolatorSpec): boolean {
  return findIsolator(name)?.isOfDisk !== true;
}

/** Clones do not publish ports: there is only one host to publish them on, and tests connect to the pod itself. */
function newCloneApp(app: AppSpec): AppSpec {
  return {
    ...app,
    isolators: app.isolators.filter(isKept),
    env: { TZ: 'UTC', SOURCE_DATE_EPOCH, ...app.env },
    ports: app.ports.map(({ hostPort: _hostPort, hostIP: _hostIP, hostIPAt: _hostIPAt, ...port }) => port),
    probes: app.probes.map((probe) => (probe.role === 'ready' ? { ...probe, earlyMs: EARLY_MS } : probe)),
  };
}

/**
 * What setup has left of a pod in `directory`; `mountCounts` gives the number of mounts of each app's image. The names are those
 * that `upper.ts` and `volumes.ts` of `rootfs` use.
 */
export function readSnapshot(
  { apps, volumes }: PodSpec,
  directory: string,
  mountCounts: ReadonlyMap<string, number>,
): PodSnapshot {
  const onDisk = volumes.filter((volume) => volume.kind === 'empty' && volume.medium === 'disk');
  return {
    layers: Object.fromEntries(
      apps.map(({ name }) => [
        name,
        Array.from({ length: mountCounts.get(name) ?? 0 }, (_, index) =>
          layerAt(`${directory}/upper.${name}.${index}`),
        ),
      ]),
    ),
    volumes: Object.fromEntries(onDisk.map(({ name }) => [name, layerAt(`${directory}/volumes/${name}`)])),
  };
}

function layerAt(path: string): SnapshotLayer {
  const { mode, uid, gid } = statSync(path);
  return { path, mode: mode & 0o7777, uid, gid };
}
