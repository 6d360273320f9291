import { PodError } from '../../error.ts';

export function requireSet(set: string | undefined): string {
  if (set !== undefined) return set;
  throw new PodError('cli/usage', 'SET is missing', { hint: 'pod rollout status lists the sets' });
}

export function noMore(rest: readonly string[]): void {
  if (rest.length > 0) throw new PodError('cli/usage', `unexpected argument "${rest[0]}"`);
}
