import { placed, PodError, PodErrors } from '../error.ts';
import { isRefusal } from '../refusal.ts';

/** Why pods are not in the desired state, by name. */
export type Failures = Map<string, string>;

/** On one line, with places and hints. An error without a message for people is a bug and is rethrown. */
export function messageOf(error: unknown): string {
  if (error instanceof PodErrors) return error.errors.map(lineOf).join('; ');
  if (error instanceof PodError) return lineOf(error);
  if (isRefusal(error)) return error.message;
  throw error;
}

function lineOf(error: PodError): string {
  const { message, hint } = error;
  return `${placed(error)}${message}${hint === undefined ? '' : ` (${hint})`}`;
}
