// cgroups(7): the resource usage of a pod or an app, for status and stats

import type { CgroupFacts } from '../plan/facts.ts';
import { ControlFiles, fieldOf, hierarchyOf, numberOf, unifiedOf } from './control-files.ts';
import { appLeaf, podDirectory } from './names.ts';
import { directoriesOf, pidsIn } from './processes.ts';

/** An undefined number is not recorded by the host, or no longer. An undefined limit means no limit. */
export interface Usage {
  readonly cpuUsec: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly memoryLimitBytes: number | undefined;
  readonly pids: number | undefined;
  readonly pidsLimit: number | undefined;
  readonly oomKills: number | undefined;
}

/** Reads the usage of one app, or of the whole pod. */
export function readUsage(facts: CgroupFacts, uuid: string, app?: string): Usage {
  const files = new ControlFiles(facts, { uuid, app });
  return {
    cpuUsec: readCpuUsec(files),
    memoryBytes: numberOf(files.read('memory', { 1: 'memory.usage_in_bytes', 2: 'memory.current' })),
    memoryLimitBytes: numberOf(files.read('memory', { 1: 'memory.limit_in_bytes', 2: 'memory.max' })),
    pids: numberOf(files.read('pids', 'pids.current')) ?? countThreads(files),
    pidsLimit: numberOf(files.read('pids', 'pids.max')),
    oomKills: readOomKills(facts, uuid, app),
  };
}

/** Host pids of an app, or of the whole pod; empty when it is gone. */
export function listPids(facts: CgroupFacts, uuid: string, app?: string): number[] {
  const hierarchy = unifiedOf(facts) ?? hierarchyOf(facts, 'pids') ?? hierarchyOf(facts, 'memory');
  if (!hierarchy) return [];
  const pod = podDirectory(hierarchy.mountPoint, uuid);
  if (app !== undefined) return pidsIn(`${pod}/${appLeaf(app)}`);
  return directoriesOf(pod).flatMap(pidsIn);
}

/** A version 2 tree counts processor time even without a controller. */
function readCpuUsec(files: ControlFiles): number | undefined {
  const unified = files.readUnified('cpu.stat');
  if (unified !== undefined) return fieldOf(unified, 'usage_usec');
  const nanoseconds = files.read('cpuacct', 'cpuacct.usage');
  return nanoseconds === undefined ? undefined : Math.round(Number(nanoseconds) / 1000);
}

/** Version 1 counts for each cgroup separately, version 2 includes all cgroups below. */
function readOomKills(facts: CgroupFacts, uuid: string, app: string | undefined): number | undefined {
  const hierarchy = hierarchyOf(facts, 'memory');
  if (!hierarchy) return undefined;
  const killsOf = (each: string | undefined): number | undefined => {
    const files = new ControlFiles(facts, { uuid, app: each });
    return fieldOf(files.read('memory', { 1: 'memory.oom_control', 2: 'memory.events' }), 'oom_kill');
  };
  if (app !== undefined || hierarchy.version === 2) return killsOf(app);
  const apps = directoriesOf(podDirectory(hierarchy.mountPoint, uuid)).flatMap((path) => appOf(path) ?? []);
  const all = [undefined, ...apps].flatMap((each) => killsOf(each) ?? []);
  return all.length === 0 ? undefined : all.reduce((sum, each) => sum + each, 0);
}

function appOf(path: string): string | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return name.startsWith(appLeaf('')) ? name.slice(appLeaf('').length) : undefined;
}

/** An app without its own limit has no directory with the version 1 controller, but the version 2 tree lists its threads. */
function countThreads(files: ControlFiles): number | undefined {
  return files.readUnified('cgroup.threads')?.split('\n').filter(Boolean).length;
}
