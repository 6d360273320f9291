// landlock_create_ruleset(2)

import { trySyscall } from './syscall.ts';

const LANDLOCK_CREATE_RULESET_VERSION = 1;

/** The version of Landlock's ABI, 0 where there is none. Asked at each start; the rest of Landlock is for those that use it. */
export function readLandlockAbi(): number {
  return Math.max(0, trySyscall('landlock_create_ruleset', null, 0, LANDLOCK_CREATE_RULESET_VERSION));
}
