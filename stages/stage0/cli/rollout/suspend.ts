import { setSuspended } from '../../sets/suspend.ts';
import type { Invocation } from '../verb.ts';
import { noMore, requireSet } from './require.ts';

export function suspend(invocation: Invocation, set: string | undefined, rest: readonly string[]): Promise<number> {
  return change(invocation, set, rest, true);
}

export function resume(invocation: Invocation, set: string | undefined, rest: readonly string[]): Promise<number> {
  return change(invocation, set, rest, false);
}

async function change(
  { root, terminal, isQuiet }: Invocation,
  given: string | undefined,
  rest: readonly string[],
  isSuspended: boolean,
): Promise<number> {
  noMore(rest);
  const set = requireSet(given);
  const isNews = await setSuspended(root, set, isSuspended);
  const word = isSuspended ? 'suspended' : 'resumed';
  if (!isQuiet)
    terminal.out(`set ${set}: ${isNews ? word : `not ${isSuspended ? 'resumed' : 'suspended'}, nothing to do`}\n`);
  return 0;
}
