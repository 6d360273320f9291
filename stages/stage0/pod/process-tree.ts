// proc_tid_children(5)

import { readFileSync } from 'node:fs';
import { readIfThere } from './files.ts';
import { POD_FILES } from './layout.ts';

const PID_BYTES = 4;

/**
 * The host's pid of the pod's init, where its monitor wrote it down: in the pods of normal users, which may have no cgroup to find it
 * in. Only to be asked of a pod that runs: then it is still init's.
 */
export function readInitPid(podPath: string): number | undefined {
  try {
    const bytes = readFileSync(`${podPath}/${POD_FILES.init}`);
    return bytes.length === PID_BYTES ? bytes.readInt32LE(0) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** None for a process that is gone, or on a kernel without CONFIG_PROC_CHILDREN. */
export function childrenOf(pid: number): number[] {
  const text = readIfThere(`/proc/${pid}/task/${pid}/children`) ?? '';
  return text.split(' ').filter(Boolean).map(Number);
}

/** With the process itself. A process whose parent has ended is init's child, and in nobody's tree but init's. */
export function treeOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(treeOf)];
}
