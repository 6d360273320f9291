import { setSuspended } from '../../sets/suspend.ts';
import { render } from '../format.ts';
import type { Invocation } from '../verb.ts';
import { noMore, requireSet } from './require.ts';

export function suspend(invocation: Invocation, set: string | undefined, rest: readonly string[]): Promise<number> {
  return change(invocation, set, rest, true);
}

export function resume(invocation: Invocation, set: string | undefined, rest: readonly string[]): Promise<number> {
  return change(invocation, set, rest, false);
}

async function change(
  { flags, root, terminal, isQuiet }: Invocation,
  given: string | undefined,
  rest: readonly string[],
  isSuspended: boolean,
): Promise<number> {
  noMore(rest);
  const set = requireSet(given);
  const isNews = await setSuspended(root, set, isSuspended);
  const [done, already] = isSuspended ? ['suspended', 'suspended already'] : ['resumed', 'not suspended'];
  const shown = await render(flags.value('output') ?? 'text', {
    value: () => ({ set, isSuspended, hasChanged: isNews }),
    names: () => [set],
    text: () => (isQuiet ? '' : `set ${set}: ${isNews ? done : `${already}, nothing to do`}\n`),
  });
  terminal.out(shown);
  return 0;
}
