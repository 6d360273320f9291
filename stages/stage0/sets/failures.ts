import { PodError, PodErrors } from '../error.ts';
import { isRefusal } from '../refusal.ts';

/** Why pods are not as they should be, by name. */
export type Failures = Map<string, string>;

/** Anything that is not for people is a bug of ours, and ends the whole. */
export function messageOf(error: unknown): string {
  if (error instanceof PodErrors) return error.errors.map(({ message }) => message).join('; ');
  if (error instanceof PodError || isRefusal(error)) return error.message;
  throw error;
}
