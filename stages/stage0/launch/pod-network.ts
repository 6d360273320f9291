// proc_pid_status(5), cgroups(7)

import { NetworkNamespace } from '../../linux/network-namespace.ts';
import { INIT_LEAF } from '../cgroup/names.ts';
import { pidsIn } from '../cgroup/processes.ts';
import { PodError } from '../error.ts';
import { readIfThere } from '../pod/files.ts';
import { cgroupMountPoints } from '../pod/host-pids.ts';

/** The network of a running pod: that of its init, for an app may have left it for one of its own. */
export function openPodNetwork(uuid: string): NetworkNamespace {
  const mountPoints = cgroupMountPoints();
  const pid = findInit(uuid, mountPoints);
  if (pid !== undefined) {
    const network = openUnlessGone(pid);
    // The pid was init's before and after: it was not used again in between.
    if (network && findInit(uuid, mountPoints) === pid) return network;
    network?.[Symbol.dispose]();
  }
  throw new PodError('pod/state', 'enter the network of the pod: its init is not running');
}

function openUnlessGone(pid: number): NetworkNamespace | undefined {
  try {
    return NetworkNamespace.of(pid);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

/** The host's pid of the pod's PID 1, which is in the pod's own directory or in its leaf, where no app can get. */
function findInit(uuid: string, mountPoints: readonly string[]): number | undefined {
  for (const point of mountPoints) {
    const directory = `${point}/pod-${uuid}`;
    const pid = [...pidsIn(directory), ...pidsIn(`${directory}/${INIT_LEAF}`)].find(isInit);
    if (pid !== undefined) return pid;
  }
  return undefined;
}

/**
 * PID 1 of a namespace directly below ours. Until version 2 of cgroups is everywhere: apps may be in the pod's directory too,
 * and with them the PID 1 of a namespace an app has made, which is deeper.
 */
function isInit(pid: number): boolean {
  let status: string | undefined;
  try {
    status = readIfThere(`/proc/${pid}/status`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
  return status !== undefined && /^NSpid:\t\d+\t1$/m.test(status);
}
