// cgroups(7): what a pod or an app uses, for status and stats

import { readFileSync } from 'node:fs';
import type { CgroupFacts, CgroupHierarchy } from '../plan/facts.ts';
import { appLeaf, podDirectory } from './names.ts';
import { directoriesOf, pidsIn } from './processes.ts';

/** A number that is undefined is one the host does not keep, or not any more. A limit of undefined is none. */
export interface Usage {
  readonly cpuUsec: number | undefined;
  readonly memoryBytes: number | undefined;
  readonly memoryLimitBytes: number | undefined;
  readonly pids: number | undefined;
  readonly pidsLimit: number | undefined;
  readonly oomKills: number | undefined;
}

/** Version 1 says "no limit" with a number near 2^63, rounded to pages. */
const UNLIMITED_FROM = 2 ** 62;

/** Of one app, or of the whole pod. */
export function readUsage(facts: CgroupFacts, uuid: string, app?: string): Usage {
  const place = (controller: string): Place | undefined => findPlace(facts, controller, uuid, app);
  const memory = place('memory');
  const pids = place('pids');
  return {
    cpuUsec: readCpuUsec(facts, uuid, app),
    memoryBytes: number(memory, 'memory.current', 'memory.usage_in_bytes'),
    memoryLimitBytes: number(memory, 'memory.max', 'memory.limit_in_bytes'),
    pids: number(pids, 'pids.current', 'pids.current') ?? countThreads(facts, uuid, app),
    pidsLimit: number(pids, 'pids.max', 'pids.max'),
    oomKills: field(read(memory, memory?.version === 2 ? 'memory.events' : 'memory.oom_control'), 'oom_kill'),
  };
}

/** Host pids of an app, or of the whole pod; empty when it is gone. */
export function listPids(facts: CgroupFacts, uuid: string, app?: string): number[] {
  const unified = facts.hierarchies.find(({ version }) => version === 2);
  const hierarchy = unified ?? withController(facts, 'pids') ?? withController(facts, 'memory');
  if (!hierarchy) return [];
  const pod = podDirectory(hierarchy.mountPoint, uuid);
  if (app !== undefined) return pidsIn(`${pod}/${appLeaf(app)}`);
  return directoriesOf(pod).flatMap(pidsIn);
}

interface Place {
  readonly version: 1 | 2;
  readonly directory: string;
}

function withController(facts: CgroupFacts, controller: string): CgroupHierarchy | undefined {
  return facts.hierarchies.find(({ controllers }) => controllers.includes(controller));
}

function findPlace(facts: CgroupFacts, controller: string, uuid: string, app: string | undefined): Place | undefined {
  const hierarchy = withController(facts, controller);
  return hierarchy && placeIn(hierarchy, uuid, app);
}

function placeIn({ version, mountPoint }: CgroupHierarchy, uuid: string, app: string | undefined): Place {
  const pod = podDirectory(mountPoint, uuid);
  return { version, directory: app === undefined ? pod : `${pod}/${appLeaf(app)}` };
}

/** A version 2 tree counts processor time with no controller at all. */
function readCpuUsec(facts: CgroupFacts, uuid: string, app: string | undefined): number | undefined {
  const unified = facts.hierarchies.find(({ version }) => version === 2);
  if (unified) return field(read(placeIn(unified, uuid, app), 'cpu.stat'), 'usage_usec');
  const nanoseconds = read(findPlace(facts, 'cpuacct', uuid, app), 'cpuacct.usage');
  return nanoseconds === undefined ? undefined : Math.round(Number(nanoseconds) / 1000);
}

function number(place: Place | undefined, version2: string, version1: string): number | undefined {
  const text = read(place, place?.version === 2 ? version2 : version1)?.trim();
  if (text === undefined || text === 'max') return undefined;
  return Number(text) >= UNLIMITED_FROM ? undefined : Number(text);
}

/** An app without a limit of its own has no directory with the version 1 controller; the version 2 tree lists its threads. */
function countThreads(facts: CgroupFacts, uuid: string, app: string | undefined): number | undefined {
  const unified = facts.hierarchies.find(({ version }) => version === 2);
  const text = unified && read(placeIn(unified, uuid, app), 'cgroup.threads');
  return text?.split('\n').filter(Boolean).length;
}

/** `name N` on a line of its own. */
function field(text: string | undefined, name: string): number | undefined {
  const line = text?.split('\n').find((each) => each.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

function read(place: Place | undefined, file: string): string | undefined {
  if (!place) return undefined;
  try {
    return readFileSync(`${place.directory}/${file}`, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // The pod has gone, or the kernel was built without the counter.
    if (code === 'ENOENT' || code === 'ENODEV') return undefined;
    throw error;
  }
}
