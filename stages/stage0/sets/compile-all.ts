import type { ReadyPod, RunOptions } from '../cli/launch-api.ts';
import { type PodError, PodErrors, podErrorsOf } from '../error.ts';
import type { PodStore } from '../pod/store.ts';
import { type Change, isEffective } from './changes.ts';
import type { Inventory } from './inventory.ts';
import { judgeLocks } from './lock-check.ts';
import { nameErrors } from './name-check.ts';
import type { DesiredPod } from './types.ts';

export type CompileAllOptions = Pick<RunOptions, 'onProgress' | 'onWarning' | 'signal' | 'frozen'>;

/**
 * Compiles everything that is to be started, so that nothing is started before all of it is known to be valid; checks unchanged
 * pods against the locks, too. Throws all errors.
 */
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
  const effective = changes.filter(isEffective);
  const wanted = desiredBy(effective);
  const found = judgeLocks(desiredBy(changes.filter((change) => !isEffective(change))), frozen);
  for (const warning of found.warnings) onWarning?.(warning);
  const errors = [...found.errors];
  if (wanted.length === 0) return requireNone(errors, ready);
  const { readyFile } = await import('../launch/run-file.ts');
  errors.push(...nameErrors(store, inventory, effective));
  const more = {
    ...(onProgress ? { onProgress } : {}),
    ...(onWarning ? { onWarning } : {}),
    ...(signal ? { signal } : {}),
    ...(frozen ? { frozen } : {}),
  };
  for (const { name, path, text, baseDir, contents } of wanted) {
    signal?.throwIfAborted();
    const { images } = contents;
    const options = { root: store.root, baseDir, stdin: false, isDetached: true, autoRemove: false, images, ...more };
    try {
      ready.set(name, await readyFile({ path, text, baseDir }, options));
    } catch (error) {
      errors.push(...podErrorsOf(error));
    }
  }
  return requireNone(errors, ready);
}

function desiredBy(changes: readonly Change[]): DesiredPod[] {
  return changes.flatMap(({ desired }) => desired ?? []);
}

/** A fault of a lock applies to each of its manifests, but is reported once. */
function requireNone<Result>(errors: readonly PodError[], result: Result): Result {
  if (errors.length === 0) return result;
  throw new PodErrors([...new Map(errors.map((error) => [JSON.stringify([error.at, error.message]), error])).values()]);
}
