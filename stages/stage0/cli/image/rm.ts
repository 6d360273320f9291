import { PodError, PodErrors } from '../../error.ts';
import { type RemovedLayer, removeUnusedLayers } from '../../gc/unused-layers.ts';
import { forgetImage } from '../../image/catalog.ts';
import type { Invocation } from '../verb.ts';
import { findImage, noSuchImage } from './find.ts';
import { summaryOf } from './gc.ts';

/** Forgets the references, then removes the layers that nothing needs any more. */
export async function rm({ root, terminal, isQuiet }: Invocation, refs: readonly string[]): Promise<number> {
  if (refs.length === 0) throw new PodError('cli/usage', 'REF is missing');
  const errors: PodError[] = [];
  for (const ref of refs) {
    const found = findImage(root, ref);
    if (!forgetImage(found.store, found.key)) errors.push(noSuchImage(found, ref, 'remove'));
    else if (!isQuiet) terminal.out(`${ref}\n`);
  }
  const removed = refs.length > errors.length ? await removeLayers(root) : [];
  if (!isQuiet && removed.length > 0) terminal.err(`${summaryOf(removed)}\n`);
  if (errors.length > 0) throw new PodErrors(errors);
  return 0;
}

async function removeLayers(root: string): Promise<RemovedLayer[]> {
  try {
    return await removeUnusedLayers(root, false);
  } catch (error) {
    if (!(error instanceof PodError)) throw error;
    // Not what it says for gc: there is nothing to remove a second time.
    const hint = 'the images are forgotten, and their layers are still there: pod image gc removes them later';
    throw new PodError(error.code, error.message, { hint, cause: error });
  }
}
