// mount(2)

import { MS_BIND } from './constants.ts';
import { syscall } from './syscall.ts';

/** Shows `source` also at `target`, which must exist. Links are followed. Errors: ENOENT, EPERM, EACCES. */
export function bindMount(source: string, target: string): void {
  syscall('mount', source, target, null, MS_BIND, null);
}
