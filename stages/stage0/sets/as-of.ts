import { PodError, PodErrors, podErrorsOf } from '../error.ts';

/** What is wrong with the text of a revision is in none of the files that are there now; undefined: it is those that are meant. */
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
