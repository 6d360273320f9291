import type { ProcessPlan } from '../../stage2/process.ts';
import type { AppSpec, PodSpec, PortSpec, VolumeSpec } from '../manifest/spec.ts';
import type { ImageConfig } from '../image/types.ts';
import { AC_VERSION, type Annotation, annotationsOf, listed } from './appc.ts';
import { type AcIsolator, projectIsolators } from './project-isolators.ts';

/** An app as it will run, and what stands for its image in appc. */
export interface ServedApp {
  readonly spec: AppSpec;
  readonly process: Pick<ProcessPlan, 'argv' | 'env' | 'uid' | 'gid' | 'supplementaryGids' | 'workingDirectory'>;
  readonly image: ServedImage;
}

export interface ServedImage {
  /** An AC Identifier. */
  readonly name: string;
  /** `sha512-` and 128 hex digits. */
  readonly id: string;
  readonly labels: readonly Annotation[];
  readonly config: ImageConfig;
}

interface AcApp {
  readonly exec: readonly string[];
  readonly user: string;
  readonly group: string;
  readonly supplementaryGIDs?: readonly number[];
  readonly workingDirectory: string;
  readonly environment?: readonly Annotation[];
  readonly mountPoints?: readonly MountPoint[];
  readonly ports?: readonly AcPort[];
  readonly isolators?: readonly AcIsolator[];
}

interface MountPoint {
  readonly name: string;
  readonly path: string;
  readonly readOnly: boolean;
}

interface AcPort {
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
}

interface AcVolume {
  readonly name: string;
  readonly kind: 'empty' | 'host';
  readonly source?: string;
  readonly readOnly: boolean;
  readonly mode?: string;
  readonly uid?: number;
  readonly gid?: number;
}

interface RuntimeApp {
  readonly name: string;
  readonly image: { readonly name: string; readonly id: string; readonly labels?: readonly Annotation[] };
  readonly app: AcApp;
  readonly readOnlyRootFS?: true;
  readonly mounts?: readonly { readonly volume: string; readonly path: string }[];
  readonly annotations?: readonly Annotation[];
}

/** Of spec/pods.md. A type of ours, so that a member appc does not have is an error here. */
export interface PodManifest {
  readonly acVersion: string;
  readonly acKind: 'PodManifest';
  readonly apps: readonly RuntimeApp[];
  readonly volumes?: readonly AcVolume[];
  readonly isolators?: readonly AcIsolator[];
  readonly annotations?: readonly Annotation[];
  readonly ports?: readonly { readonly name: string; readonly hostPort: number }[];
}

/** The pod as appc would have described it, everything resolved: users are numbers, images are digests. */
export function projectPod(spec: PodSpec, apps: readonly ServedApp[]): PodManifest {
  const portNames = namePorts(spec.apps);
  return {
    acVersion: AC_VERSION,
    acKind: 'PodManifest',
    apps: apps.map((app) => projectApp(app, portNames)),
    ...listed('volumes', spec.volumes.map(projectVolume)),
    ...listed('isolators', projectIsolators(spec.isolators, 'pod')),
    ...listed('annotations', annotationsOf(spec.annotations)),
    ...listed('ports', publishedPorts(spec, portNames)),
  };
}

function projectApp({ spec, process, image }: ServedApp, portNames: PortNames): RuntimeApp {
  const { name, id, labels } = image;
  return {
    name: spec.name,
    image: { name, id, ...listed('labels', labels) },
    app: {
      exec: process.argv,
      user: String(process.uid),
      group: String(process.gid),
      ...listed('supplementaryGIDs', process.supplementaryGids),
      workingDirectory: process.workingDirectory,
      ...listed('environment', environmentOf(process.env)),
      ...listed('mountPoints', mountPointsOf(spec)),
      ...listed(
        'ports',
        spec.ports.map((port) => ({ name: portNames.get(port)!, protocol: port.protocol, port: port.port })),
      ),
      ...listed('isolators', projectIsolators(spec.isolators, 'app')),
    },
    ...(spec.readOnlyRootFS ? { readOnlyRootFS: true } : {}),
    ...listed(
      'mounts',
      spec.mounts.map(({ volume, path }) => ({ volume, path })),
    ),
    ...listed('annotations', annotationsOf(spec.annotations)),
  };
}

/** appc's names are letters, digits and underscores. */
export function environmentOf(env: Readonly<Record<string, string>>): Annotation[] {
  return Object.entries(env)
    .filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    .map(([name, value]) => ({ name, value }));
}

/** A mount point has its volume's name; the second of one volume, and each further one, a number behind it. */
function mountPointsOf({ mounts }: AppSpec): MountPoint[] {
  const uses = new Map<string, number>();
  return mounts.map(({ volume, path, readOnly }) => {
    const use = (uses.get(volume) ?? 0) + 1;
    uses.set(volume, use);
    return { name: use === 1 ? volume : `${volume}-${use}`, path, readOnly };
  });
}

/** A volume whose files stand in the manifest is, for appc, an empty one that somebody has written to. */
function projectVolume(volume: VolumeSpec): AcVolume {
  const { name } = volume;
  if (volume.kind === 'host') return { name, kind: 'host', source: volume.source, readOnly: volume.readOnly };
  const isInline = volume.kind === 'inline';
  return { name, kind: 'empty', readOnly: isInline, mode: isInline ? '0755' : '0777', uid: 0, gid: 0 };
}

type PortNames = ReadonlyMap<PortSpec, string>;

/** In appc a port's name is unique in its pod, here in its app: one that two apps have gets its app's name in front. */
function namePorts(apps: readonly AppSpec[]): PortNames {
  const all = apps.flatMap(({ ports }) => ports.map(({ name }) => name));
  const isShared = (name: string): boolean => all.indexOf(name) !== all.lastIndexOf(name);
  return new Map(
    apps.flatMap((app) =>
      app.ports.map((port) => [port, isShared(port.name) ? `${app.name}-${port.name}` : port.name] as const),
    ),
  );
}

function publishedPorts(spec: PodSpec, names: PortNames): { readonly name: string; readonly hostPort: number }[] {
  return spec.apps.flatMap(({ ports }) =>
    ports.flatMap((port) => (port.hostPort === undefined ? [] : [{ name: names.get(port)!, hostPort: port.hostPort }])),
  );
}
