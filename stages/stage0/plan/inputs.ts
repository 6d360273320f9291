import { sym } from '../../tape/program.ts';
import type { CgroupInput } from '../cgroup/layout.ts';
import type { CgroupPlanInput } from '../cgroup/plan.ts';
import { cgroupViews } from '../cgroup/views.ts';
import { PodErrors, podErrorsOf } from '../error.ts';
import type { ImageMount } from '../image/types.ts';
import type { DeviceGrant, Draft } from '../isolators/isolator.ts';
import { lowerPod } from '../isolators/lower-pod.ts';
import type { MountSpec, SnapshotLayer } from '../manifest/spec.ts';
import type { DeviceNode, RootfsInput, RootfsMount } from '../rootfs/types.ts';
import type { Join } from './joins.ts';
import { idsOf, takesRange } from './namespaces.ts';
import { planStores, type Stores } from './stores.ts';
import type { PlanInput } from './types.ts';

/** What the isolators request, for the pod and for each app. */
export interface Drafts {
  readonly pod: Draft;
  readonly apps: ReadonlyMap<string, Draft>;
}

/**
 * Lowers all isolators of the pod and its apps. Throws all faults at once: of isolators, of disk limits, and the refusals already
 * known.
 */
export function lowerAll(input: PlanInput): { readonly drafts: Drafts; readonly stores: Stores } {
  const { spec, facts, refusals = [] } = input;
  const { pod, apps } = lowerPod(spec, facts);
  const drafts = { pod: pod.draft, apps: new Map([...apps].map(([name, { draft }]) => [name, draft])) };
  const errors = [...refusals, ...pod.errors, ...[...apps.values()].flatMap((lowered) => lowered.errors)];
  let stores: Stores | undefined;
  try {
    stores = planStores(input, drafts);
  } catch (error) {
    errors.push(...podErrorsOf(error));
  }
  if (!stores || errors.length > 0) throw new PodErrors(errors);
  return { drafts, stores };
}

export function cgroupInputOf({ spec, facts }: PlanInput, drafts: Drafts): CgroupPlanInput {
  return {
    facts: facts.cgroup,
    pod: drafts.pod.cgroup,
    apps: spec.apps.map(({ name }) => ({ name, writes: drafts.apps.get(name)!.cgroup })),
    devices: {
      pod: drafts.pod.devices,
      apps: new Map(spec.apps.map(({ name }) => [name, drafts.apps.get(name)!.devices])),
    },
    ...(takesRange(spec, facts) ? { owner: sym('uidBase') } : {}),
    ...(facts.caller ? { withoutDevicePolicy: true } : {}),
  };
}

function nodeOf({ node, major, minor, at }: DeviceGrant): DeviceNode[] {
  return node === undefined ? [] : [{ ...node, major, minor: minor!, at }];
}

export function rootfsInput(
  input: PlanInput,
  drafts: Drafts,
  cgroups: CgroupInput,
  { stores }: Stores,
  joins: readonly Join[],
): RootfsInput {
  const { spec, apps, facts, fileVolumes, layersDir } = input;
  return {
    apps: apps.map(({ spec: app, image, hasPlainEtc }) => ({
      name: app.name,
      imageMounts: withSnapshot(image.mounts, spec.environment?.layers[app.name]),
      hasPlainEtc,
      imageAt: app.image.at,
      workingDirectory: app.workingDirectory ? undefined : image.config.workingDirectory,
      readOnly: app.readOnlyRootFS,
      nosuid: drafts.apps.get(app.name)!.process.noNewPrivileges,
      mounts: app.mounts.map((mount) => ({ ...mount, isFile: isFilePart(mount, fileVolumes) })),
      cgroupViews: cgroupViews(cgroups, app.name),
      maskedPaths: drafts.apps.get(app.name)!.process.maskedPaths,
      readOnlyPaths: drafts.apps.get(app.name)!.process.readOnlyPaths,
      at: app.at,
    })),
    stores,
    volumes: spec.volumes.map((volume) => ({
      ...volume,
      isFile: fileVolumes.has(volume.name),
      layer: spec.environment?.volumes[volume.name],
    })),
    ...storageOf(spec.environment),
    deviceNodes: [drafts.pod, ...drafts.apps.values()].flatMap(({ devices }) => devices.flatMap(nodeOf)),
    userns: takesRange(spec, facts),
    isNormalUser: facts.caller !== undefined,
    ids: idsOf(spec, facts),
    hostNetwork: spec.network.mode === 'host',
    ...(spec.network.mode === 'cni' ? { hasLateFiles: true } : {}),
    joined: joins.map(({ kind }) => kind),
    layersDir,
    detachedLayers: facts.hasDetachedLayers,
    kernelPaths: facts.kernelPaths,
    sysctls: drafts.pod.sysctls,
    podAt: spec.at,
  };
}

function isFilePart({ volume, subPath }: MountSpec, fileVolumes: ReadonlySet<string>): boolean {
  return subPath !== undefined && fileVolumes.has(`${volume}/${subPath}`);
}

function withSnapshot(mounts: readonly ImageMount[], layers: readonly SnapshotLayer[] = []): readonly RootfsMount[] {
  return mounts.map((mount, index) => ({ ...mount, layer: layers[index] }));
}

function storageOf(environment: PlanInput['spec']['environment']): Pick<RootfsInput, 'storage' | 'machineId'> {
  if (!environment) return { storage: 'pod' };
  const { storage: path, machineId } = environment;
  return { storage: path === undefined ? 'memory' : { path }, machineId };
}
