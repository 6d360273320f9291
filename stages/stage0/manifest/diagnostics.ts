import type { PodError } from '../error.ts';

/** What was found in one or more manifests. */
export interface Diagnostics {
  readonly errors: readonly PodError[];
  readonly warnings: readonly PodError[];
}

export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  readonly error: PodError;
}

/** All of them, by file and place; what has no place comes last. */
export function listDiagnostics({ errors, warnings }: Diagnostics): Diagnostic[] {
  const all = [
    ...errors.map((error): Diagnostic => ({ severity: 'error', error })),
    ...warnings.map((error): Diagnostic => ({ severity: 'warning', error })),
  ];
  return all.sort((a, b) => comparePlaces(a.error, b.error));
}

function comparePlaces({ at: a }: PodError, { at: b }: PodError): number {
  if (!a || !b) return Number(!a) - Number(!b);
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.col - b.col;
}
