import type { CgroupWrite } from '../isolators/isolator.ts';
import type { CgroupFacts, CgroupHierarchy } from '../plan/facts.ts';
import { appDeviceWrites, type DeviceRequests } from './device-policy.ts';
import { appLeaf, INIT_LEAF } from './names.ts';

export interface AppWrites {
  readonly name: string;
  readonly writes: readonly CgroupWrite[];
}

export interface CgroupInput {
  readonly facts: CgroupFacts;
  /** Writes for the pod as a whole. */
  readonly pod: readonly CgroupWrite[];
  readonly apps: readonly AppWrites[];
  readonly devices?: DeviceRequests;
}

/** A directory to be made below the pod's directory. */
export interface Leaf {
  readonly name: string;
  /** Undefined: for PID 1. */
  readonly app?: string;
  readonly writes: readonly CgroupWrite[];
}

/** The directories of a pod in one hierarchy. */
export interface Placement {
  readonly hierarchy: CgroupHierarchy;
  readonly writes: readonly CgroupWrite[];
  readonly leaves: readonly Leaf[];
}

/** For these, the pod's own directory is enough: fair shares between pods, the device policy, a stop to fork bombs. */
const POD_CONTROLLERS = ['cpu', 'devices', 'pids'];
/** For these, each app gets a directory: to count its usage, and to tell which app was out of memory. */
const APP_CONTROLLERS = ['memory'];

/**
 * Which directories a pod needs in each hierarchy. Each takes about 40 µs to make and as much to remove. So version 1 gets a leaf
 * only where an app has limits or counters of its own, and PID 1 stays in the pod's directory, as version 1 allows.
 */
export function placeCgroups({ facts, pod, apps, devices }: CgroupInput): Placement[] {
  const placements: Placement[] = [];
  for (const hierarchy of facts.hierarchies) {
    const here = (write: CgroupWrite): boolean => hierarchy.controllers.includes(write.controller);
    const own = pod.filter(here);
    const all = apps.map((app) => ({
      name: appLeaf(app.name),
      app: app.name,
      writes: [...app.writes, ...appDeviceWrites(app.name, devices)].filter(here),
    }));
    if (hierarchy.version === 2) {
      placements.push(placeUnified(hierarchy, own, all));
      continue;
    }
    const [podWide, perApp] = wanted(facts);
    const everyApp = hierarchy.controllers.some((controller) => perApp.includes(controller));
    const leaves = everyApp ? all : all.filter(({ writes }) => writes.length > 0);
    const used =
      own.length > 0 || leaves.length > 0 || hierarchy.controllers.some((controller) => podWide.includes(controller));
    if (used) placements.push({ hierarchy, writes: own, leaves });
  }
  return placements;
}

/** Once the pod's directory gives a controller to its children, it may contain no process: PID 1 needs a leaf too. */
function placeUnified(hierarchy: CgroupHierarchy, writes: readonly CgroupWrite[], apps: readonly Leaf[]): Placement {
  const toLeaves = neededControllers(
    hierarchy,
    apps.flatMap((leaf) => leaf.writes),
  );
  return { hierarchy, writes, leaves: toLeaves.length > 0 ? [{ name: INIT_LEAF, writes: [] }, ...apps] : apps };
}

/** Version 2 controllers to enable: memory and pids even without limits, for their counters. */
export function neededControllers({ controllers }: CgroupHierarchy, writes: readonly CgroupWrite[]): string[] {
  const wanted = new Set(['memory', 'pids', ...writes.map(({ controller }) => controller)]);
  return controllers.filter((controller) => wanted.has(controller));
}

/** Version 1 controllers that are used even without limits: for the pod as a whole, and for each app. */
function wanted({ mode }: CgroupFacts): readonly [readonly string[], readonly string[]] {
  if (mode === 'hybrid') return [POD_CONTROLLERS, APP_CONTROLLERS];
  // Without a version 2 tree, only these can pause a pod, count an app's processor time, and list its processes.
  return [
    [...POD_CONTROLLERS, 'freezer'],
    [...APP_CONTROLLERS, 'cpuacct', 'pids'],
  ];
}

/** Mount points of the hierarchies in which the pod has a directory. */
export function cgroupMounts(input: CgroupInput): string[] {
  return placeCgroups(input).map(({ hierarchy }) => hierarchy.mountPoint);
}
