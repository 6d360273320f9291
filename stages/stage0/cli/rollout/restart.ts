import { restart } from '../../sets/restart.ts';
import { changeSet } from '../change-set.ts';
import type { Invocation } from '../verb.ts';
import { requireSet } from './require.ts';

export async function restartSet(
  invocation: Invocation,
  given: string | undefined,
  pods: readonly string[],
): Promise<number> {
  const set = requireSet(given);
  return changeSet(invocation, set, (options) => restart({ ...options, pods }));
}
