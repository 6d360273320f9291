// cgroups(7)

import { existsSync } from 'node:fs';
import { unescapeOctal } from '../../linux/mountinfo.ts';
import { directoriesIn, readIfThere } from './files.ts';
import { readNsPids } from './ns-pids.ts';

/** The mount points of all cgroup hierarchies that this process sees. Version 2, which has the most information, comes first. */
export function cgroupMountPoints(mountInfo: string | undefined = readIfThere('/proc/self/mountinfo')): string[] {
  const points: string[] = [];
  for (const line of (mountInfo ?? '').split('\n')) {
    const type = line.indexOf(' - cgroup');
    const point = type === -1 ? undefined : line.split(' ', 5)[4];
    if (point === undefined) continue;
    const path = unescapeOctal(point);
    if (line.startsWith(' - cgroup2', type)) points.unshift(path);
    else points.push(path);
  }
  return points;
}

/** Host pids in the app's cgroup; empty when the pod is gone. */
export function listAppPids(uuid: string, app: string, mountPoints: readonly string[]): number[] {
  for (const point of mountPoints) {
    const text = readCgroup(`${point}/pod-${uuid}/app-${app}/cgroup.procs`);
    if (text !== '') return text.trimEnd().split('\n').map(Number);
  }
  return [];
}

/** Whether the pod has processes, regardless of its state directory. */
export function hasProcesses(uuid: string, mountPoints: readonly string[]): boolean {
  return mountPoints.some((point) => isPopulated(`${point}/pod-${uuid}`));
}

/** Whether a process is in the cgroup or in a cgroup below it: apps may make their own. */
export function isPopulated(path: string): boolean {
  if (readCgroup(`${path}/cgroup.procs`) !== '') return true;
  return existsSync(path) && directoriesIn(path).some((name) => isPopulated(`${path}/${name}`));
}

/** Empty for a cgroup that does not exist. In most hierarchies most pods have none, and a check costs less than an exception. */
export function readCgroup(path: string): string {
  return existsSync(path) ? (readIfThere(path) ?? '') : '';
}

/** The host pid of the process that has the pid `podPid` inside the pod. */
export function findHostPid(candidates: readonly number[], podPid: number): number | undefined {
  return candidates.find((pid) => readNsPids(pid)[1] === podPid);
}
