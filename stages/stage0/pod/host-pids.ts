// cgroups(7), proc_pid_status(5)

import { existsSync, readdirSync } from 'node:fs';
import { unescapeOctal } from '../../linux/mountinfo.ts';
import { readIfThere } from './files.ts';

/** The mount points of every cgroup hierarchy this process sees; version 2, which tells most, first. */
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

/** Whether a process of the pod is there, whatever has become of its state directory. */
export function hasProcesses(uuid: string, mountPoints: readonly string[]): boolean {
  return mountPoints.some((point) => isPopulated(`${point}/pod-${uuid}`));
}

/** A process is in the cgroup or in one right below it. */
export function isPopulated(path: string): boolean {
  const groups = [path, ...directoriesBelow(path).map((name) => `${path}/${name}`)];
  return groups.some((group) => readCgroup(`${group}/cgroup.procs`) !== '');
}

/** None for a cgroup that is not there. One that is there may be removed before it is read. */
function directoriesBelow(path: string): string[] {
  if (!existsSync(path)) return [];
  try {
    return readdirSync(path, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? entry.name : []));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Empty when it is not there. Most hierarchies do not have most pods, and to look costs less than to catch an exception. */
export function readCgroup(path: string): string {
  return existsSync(path) ? (readIfThere(path) ?? '') : '';
}

/** The host's pid of the process that has `podPid` inside the pod. */
export function findHostPid(candidates: readonly number[], podPid: number): number | undefined {
  return candidates.find((pid) => pidInPod(pid) === podPid);
}

/** A process's pid in the pod's pid namespace, which is right below ours, whatever namespaces there are in it; undefined when it is gone. */
function pidInPod(pid: number): number | undefined {
  let status: string | undefined;
  try {
    status = readIfThere(`/proc/${pid}/status`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
  const line = status === undefined ? undefined : /^NSpid:\t(.*)$/m.exec(status);
  return line ? Number(line[1]!.split('\t')[1]) : undefined;
}
