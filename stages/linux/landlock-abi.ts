// landlock_create_ruleset(2)

import { trySyscall } from './syscall.ts';

const LANDLOCK_CREATE_RULESET_VERSION = 1;

/** The version of Landlock's ABI, 0 without Landlock. Read at each start, so it is separate from the rest of Landlock. */
export function readLandlockAbi(): number {
  return Math.max(0, trySyscall('landlock_create_ruleset', null, 0, LANDLOCK_CREATE_RULESET_VERSION));
}
