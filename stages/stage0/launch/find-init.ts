// proc_pid_status(5), cgroups(7)

import { INIT_LEAF } from '../cgroup/names.ts';
import { pidsIn } from '../cgroup/processes.ts';
import { readIfThere } from '../pod/files.ts';

/** The host's pid of the pod's PID 1, which is in the pod's own directory or in its leaf, where no app can get. */
export function findInit(uuid: string, mountPoints: readonly string[]): number | undefined {
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
