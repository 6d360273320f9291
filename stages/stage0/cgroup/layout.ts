import type { CgroupWrite } from '../isolators/isolator.ts';
import type { CgroupFacts, CgroupHierarchy } from '../plan/facts.ts';
import { appLeaf, INIT_LEAF } from './names.ts';

export interface AppWrites {
  readonly name: string;
  readonly writes: readonly CgroupWrite[];
}

export interface CgroupInput {
  readonly facts: CgroupFacts;
  /** Of the pod as a whole. */
  readonly pod: readonly CgroupWrite[];
  readonly apps: readonly AppWrites[];
}

/** One directory to be made below the pod's. */
export interface Leaf {
  readonly name: string;
  /** Undefined: PID 1's. */
  readonly app?: string;
  readonly writes: readonly CgroupWrite[];
}

/** What a pod uses of one hierarchy. */
export interface Placement {
  readonly hierarchy: CgroupHierarchy;
  readonly writes: readonly CgroupWrite[];
  readonly leaves: readonly Leaf[];
}

/** The pod's own directory is enough for these: fair shares between pods, the device policy, pausing a pod. */
const POD_CONTROLLERS = ['cpu', 'devices'];
/** A directory an app: to count what each uses, and to tell who was out of memory. */
const APP_CONTROLLERS = ['memory', 'pids'];

/**
 * Which directories a pod needs, hierarchy by hierarchy. Each costs some 40 µs to make and as much to remove, so version 1
 * gets a leaf only where an app has limits or numbers of its own, and PID 1 stays in the pod's directory, as version 1 allows.
 */
export function placeCgroups({ facts, pod, apps }: CgroupInput): Placement[] {
  const placements: Placement[] = [];
  for (const hierarchy of facts.hierarchies) {
    const here = (write: CgroupWrite): boolean => hierarchy.controllers.includes(write.controller);
    const own = pod.filter(here);
    const all = apps.map((app) => ({ name: appLeaf(app.name), app: app.name, writes: app.writes.filter(here) }));
    if (hierarchy.version === 2) {
      placements.push({ hierarchy, writes: own, leaves: [{ name: INIT_LEAF, writes: [] }, ...all] });
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

/** Version 1 controllers that are used even when no limit asks for them: those of the pod as a whole, and those of each app. */
function wanted({ mode }: CgroupFacts): readonly [readonly string[], readonly string[]] {
  if (mode === 'hybrid') return [POD_CONTROLLERS, APP_CONTROLLERS];
  // Without a version 2 tree, only these two can pause a pod and say what processor time an app used.
  return [
    [...POD_CONTROLLERS, 'freezer'],
    [...APP_CONTROLLERS, 'cpuacct'],
  ];
}
