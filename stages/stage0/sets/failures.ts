import { PodError, PodErrors } from '../error.ts';
import { isRefusal } from '../refusal.ts';

/** Why pods are not in the desired state, by name. */
export type Failures = Map<string, string>;

/** An error without a message for people is a bug and is rethrown. */
export function messageOf(error: unknown): string {
  if (error instanceof PodErrors) return error.errors.map(({ message }) => message).join('; ');
  if (error instanceof PodError || isRefusal(error)) return error.message;
  throw error;
}
