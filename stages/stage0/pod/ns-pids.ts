// proc_pid_status(5), pid_namespaces(7)

import { readIfThere } from './files.ts';

/** The line `NSpid:` of /proc/PID/status: the process's pid in our namespace, then in each one below it that it is in. */
export function parseNsPids(status: string): number[] {
  const line = /^NSpid:\t(.*)$/m.exec(status);
  return line ? line[1]!.split('\t').map(Number) : [];
}

/** The same of a process; empty when it is gone. The pod's namespace is directly below ours: its pid there is the second. */
export function readNsPids(pid: number): number[] {
  try {
    return parseNsPids(readIfThere(`/proc/${pid}/status`) ?? '');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return [];
  }
}
