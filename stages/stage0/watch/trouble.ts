import { placed, type PodError, type PodErrors, podErrorsOf } from '../error.ts';
import type { Broken } from './tolerant.ts';

interface Wrong {
  readonly error: PodError | PodErrors | undefined;
  readonly broken: ReadonlyMap<string, Broken>;
}

/** Somebody else changes the set, or has suspended it: that is no fault of the folder. */
const OTHERS: ReadonlySet<string> = new Set(['set/busy', 'set/suspended']);

/** What of a round is of somebody else's doing. */
export function isOthers({ error }: Pick<Wrong, 'error'>): boolean {
  return error !== undefined && podErrorsOf(error).every(({ code }) => OTHERS.has(code));
}

/** Why a round could not bring about what the folder wants, in a line. */
export function troubleOf(round: Wrong): string | undefined {
  const { error, broken } = round;
  if (isOthers(round)) return undefined;
  const errors = error ? podErrorsOf(error) : [...broken.values()].flatMap((one) => one.errors);
  const [first] = errors;
  if (!first) return undefined;
  return errors.length === 1 ? firstLine(first) : `${firstLine(first)} (and ${errors.length - 1} more)`;
}

/** With its place. */
export function firstLine(error: PodError): string {
  return `${placed(error)}${error.message.split('\n')[0]}`;
}
