import { removeUnusedBridge } from '../gc/bridge.ts';
import type { Failures } from './failures.ts';
import type { Change } from './changes.ts';
import { takeSet } from './give-way.ts';
import { requireKnown } from './inventory.ts';
import { prune } from './prune.ts';
import { recover } from './recover.ts';
import { isWatched, removeSet } from './watched.ts';
import { newWork, type WorkOptions } from './work.ts';

export interface DeleteOptions extends WorkOptions {
  /** Also delete pods with `pod/prune: disabled`. */
  readonly all?: boolean | undefined;
}

export interface DeleteResult {
  readonly removed: readonly string[];
  /** Pods that are kept, so the set is kept too. */
  readonly kept: readonly string[];
  /** Only those pods are left of the set: a watcher would bring the others back, so the set stays suspended. */
  readonly staysSuspended: boolean;
  readonly failures: Failures;
}

/** Stops and removes the pods of a set, in reverse order, and removes the set when no pod is left. */
export async function deleteSet(options: DeleteOptions): Promise<DeleteResult> {
  const { root, set, all } = options;
  using lock = await takeSet(root, set, options.signal);
  void lock;
  const work = newWork(options);
  if (work.inventory.now.serial === 0) removeSet(root, set);
  requireKnown(work.inventory.now);
  await recover(work);
  const entries = Object.entries(work.inventory.now.pods);
  const isKept = ([, { current }]: (typeof entries)[number]): boolean => !all && current?.rollout.mayBePruned === false;
  const going = entries.filter((one) => !isKept(one));
  const changes = going.map(([name, entry]): Change => ({ action: 'prune', name, reason: 'deleted', entry }));
  const failures = await prune(work, changes);
  const left = Object.keys(work.inventory.now.pods);
  const staysSuspended = left.length === 0 && work.inventory.now.isSuspended === true && isWatched(root, set);
  if (left.length === 0 && !staysSuspended) removeSet(root, set);
  await removeUnusedBridge(root);
  const kept = entries.filter(isKept).map(([name]) => name);
  for (const name of kept) work.emit({ e: 'pod-kept', pod: name, reason: 'pod/prune: disabled' });
  return {
    removed: going.map(([name]) => name).filter((name) => !left.includes(name)),
    kept,
    failures,
    staysSuspended,
  };
}
