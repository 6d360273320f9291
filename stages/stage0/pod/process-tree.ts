// proc_tid_children(5)

import { readFileSync } from 'node:fs';
import { readIfThere } from './files.ts';
import { POD_FILES } from './layout.ts';

const PID_BYTES = 4;

/**
 * The host pid of the pod's init, from the file that the monitor wrote. For pods of normal users, which may have no cgroup to find
 * init in. Only valid while the pod runs: afterwards, the pid may belong to another process.
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

/** Empty for a process that is gone, or on a kernel without CONFIG_PROC_CHILDREN. */
export function childrenOf(pid: number): number[] {
  const text = readIfThere(`/proc/${pid}/task/${pid}/children`) ?? '';
  return text.split(' ').filter(Boolean).map(Number);
}

/** The process and its descendants. A process whose parent has ended is a child of init, and in no other process's tree. */
export function treeOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(treeOf)];
}
