// ioprio_get(2)

import { trySyscall } from './syscall.ts';

const IOPRIO_WHO_PROCESS = 1;
const IOPRIO_CLASS_SHIFT = 13;
/** uapi/linux/ioprio.h: 3 bits of level; hints of newer kernels are above them. */
const IOPRIO_LEVEL_MASK = 7;
const CLASS_MASK = 7;

/** In numbers of the kernel. */
export interface IoPriority {
  readonly class: number;
  readonly level: number;
}

/** Of a process; undefined when it has ended, or this kernel has no block devices. */
export function readIoPriority(pid: number): IoPriority | undefined {
  const found = trySyscall('ioprio_get', IOPRIO_WHO_PROCESS, pid);
  if (found < 0) return undefined;
  return { class: (found >> IOPRIO_CLASS_SHIFT) & CLASS_MASK, level: found & IOPRIO_LEVEL_MASK };
}
