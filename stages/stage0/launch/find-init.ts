// cgroups(7), pid_namespaces(7)

import { INIT_LEAF } from '../cgroup/names.ts';
import { pidsIn } from '../cgroup/processes.ts';
import { cgroupMountPoints } from '../pod/host-pids.ts';
import { readNsPids } from '../pod/ns-pids.ts';
import { readInitPid } from '../pod/process-tree.ts';

/** The host pid of the pod's PID 1. It is in the pod's own cgroup or in that cgroup's leaf, which no app can enter. */
export function findInit(uuid: string, mountPoints: readonly string[]): number | undefined {
  for (const point of mountPoints) {
    const directory = `${point}/pod-${uuid}`;
    const pid = [...pidsIn(directory), ...pidsIn(`${directory}/${INIT_LEAF}`)].find(isInit);
    if (pid !== undefined) return pid;
  }
  return undefined;
}

/** The same for a pod that may have no cgroup, as those of normal users: by what its monitor wrote. Only for pods that run. */
export function findInitOf(podDir: string): number | undefined {
  const found = findInit(podDir.slice(podDir.lastIndexOf('/') + 1), cgroupMountPoints());
  if (found !== undefined) return found;
  const noted = readInitPid(podDir);
  return noted !== undefined && isInit(noted) ? noted : undefined;
}

/**
 * True for PID 1 of a namespace directly below ours. Until version 2 of cgroups is everywhere: apps may be in the pod's own cgroup
 * too, and with them the PID 1 of a namespace that an app has made, which is one level deeper.
 */
function isInit(pid: number): boolean {
  const pids = readNsPids(pid);
  return pids.length === 2 && pids[1] === 1;
}
