import type { PodError } from '../error.ts';
import type { ParsedManifest } from './parse.ts';

/** All that is wrong with a manifest, its isolators included, which are loaded only for a manifest that has some. */
export async function allErrorsOf(read: ParsedManifest): Promise<readonly PodError[]> {
  const { sound, errors } = read;
  const hasIsolators = sound && [sound, ...sound.apps].some(({ isolators }) => isolators.length > 0);
  return hasIsolators ? (await import('../isolators/judge.ts')).allErrors(read) : errors;
}
