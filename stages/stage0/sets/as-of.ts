import { PodError, PodErrors, podErrorsOf } from '../error.ts';

/**
 * Handles errors in the text of a revision, which is in none of the current files. `revision` undefined: the current files are
 * read.
 */
export async function asOf<T>(revision: number | undefined, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (revision === undefined) throw error;
    throw new PodErrors(podErrorsOf(error).map((one) => placedIn(revision, one)));
  }
}

function placedIn(revision: number, error: PodError): PodError {
  const { code, message, hint, at, cause } = error;
  if (!at) return error;
  return new PodError(code, message, { hint, cause, at: { ...at, file: `${at.file} of revision ${revision}` } });
}
