import { PodError } from '../../error.ts';

export function requireSet(set: string | undefined): string {
  if (set !== undefined) return set;
  throw new PodError('cli/usage', 'SET is missing', { hint: 'pod rollout status lists the sets' });
}

export function noMore(rest: readonly string[]): void {
  if (rest.length > 0) throw new PodError('cli/usage', `unexpected argument "${rest[0]}"`);
}

/** `-o` of what shows something, and of what does something, have not the same values. */
export function refuseFormat(format: string | undefined, ...values: readonly string[]): void {
  if (format === undefined || values.includes(format)) return;
  throw new PodError('cli/usage', `--output "${format}": not one of ${values.join(', ')}`);
}
