import type { ReadyPod, RunOptions } from '../cli/launch-api.ts';
import { type PodError, PodErrors, podErrorsOf } from '../error.ts';
import type { PodStore } from '../pod/store.ts';
import type { Change } from './changes.ts';
import type { Inventory } from './inventory.ts';
import { nameErrors } from './name-check.ts';

export type CompileAllOptions = Pick<RunOptions, 'onProgress' | 'onWarning' | 'signal' | 'frozen'>;

/** Everything that is to be started, compiled: nothing is started before all are found good. Throws with the errors of all. */
export async function compileAll(
  store: PodStore,
  inventory: Inventory,
  changes: readonly Change[],
  {
    onProgress,
    onWarning,
    signal,
    frozen,
  }: { readonly [Key in keyof CompileAllOptions]: CompileAllOptions[Key] | undefined },
): Promise<Map<string, ReadyPod>> {
  const ready = new Map<string, ReadyPod>();
  const wanted = changes.flatMap(({ desired }) => desired ?? []);
  if (wanted.length === 0) return ready;
  const { readyFile } = await import('../launch/run-file.ts');
  const errors: PodError[] = nameErrors(store, inventory, changes);
  const more = {
    ...(onProgress ? { onProgress } : {}),
    ...(onWarning ? { onWarning } : {}),
    ...(signal ? { signal } : {}),
    ...(frozen ? { frozen } : {}),
  };
  for (const { name, path, text, baseDir } of wanted) {
    signal?.throwIfAborted();
    const options = { root: store.root, baseDir, stdin: false, isDetached: true, autoRemove: false, ...more };
    try {
      ready.set(name, await readyFile({ path, text, baseDir }, options));
    } catch (error) {
      errors.push(...podErrorsOf(error));
    }
  }
  if (errors.length > 0) throw new PodErrors(errors);
  return ready;
}
