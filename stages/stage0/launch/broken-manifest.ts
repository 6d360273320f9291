import { PodErrors } from '../error.ts';
import type { ParsedManifest } from '../manifest/parse.ts';

/** All that is wrong, also with the isolators, which are judged only once a manifest is known to be broken or is to run. */
export async function brokenManifest(read: ParsedManifest): Promise<PodErrors> {
  const { allErrors } = await import('../isolators/judge.ts');
  return new PodErrors(allErrors(read));
}
