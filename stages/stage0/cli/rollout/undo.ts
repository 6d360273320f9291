import { undo } from '../../sets/go-back.ts';
import { countFlag } from '../arguments.ts';
import { changeSet } from '../change-set.ts';
import type { Invocation } from '../verb.ts';
import { noMore, requireSet } from './require.ts';

export async function undoSet(
  invocation: Invocation,
  given: string | undefined,
  rest: readonly string[],
): Promise<number> {
  noMore(rest);
  const set = requireSet(given);
  const revision = countFlag(invocation, 'to-revision');
  return changeSet(invocation, set, (options) => undo({ ...options, revision }));
}
