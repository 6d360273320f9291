import { PodError, PodErrors, podErrorsOf } from '../../error.ts';
import type { ResolvedImage } from '../../image/types.ts';
import { resolveOwn } from '../../launch/resolve-own.ts';
import { imagesDir } from '../../pod/layout.ts';
import { render } from '../format.ts';
import { newProgress } from '../progress.ts';
import { StopOnSignal } from '../stop-on-signal.ts';
import type { Invocation } from '../verb.ts';

/** One after another, each with all connections there may be. What fails keeps no other from being fetched. */
export async function fetch(invocation: Invocation, refs: readonly string[]): Promise<number> {
  if (refs.length === 0) throw new PodError('cli/usage', 'REF is missing');
  const { flags, root, terminal } = invocation;
  const progress = newProgress(invocation);
  using stop = new StopOnSignal();
  const fetched: ResolvedImage[] = [];
  const errors: PodError[] = [];
  const options = {
    storeDir: imagesDir(root),
    baseDir: process.cwd(),
    asksRegistry: true,
    signal: stop.aborted,
    onProgress: progress.show,
  };
  try {
    for (const ref of refs) {
      try {
        fetched.push(await resolveOwn(ref, options));
      } catch (error) {
        errors.push(...podErrorsOf(error));
      }
    }
  } finally {
    progress.finish();
  }
  const shown = await render(flags.value('output') ?? 'text', {
    value: () => fetched.map(({ ref, digest }) => ({ ref, digest })),
    names: () => fetched.map(({ ref }) => ref),
    text: () => fetched.map(({ digest }) => `${digest}\n`).join(''),
  });
  terminal.out(shown);
  if (errors.length > 0) throw new PodErrors(errors);
  return 0;
}
