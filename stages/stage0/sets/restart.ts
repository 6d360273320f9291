import { PodError } from '../error.ts';
import { imagesDir } from '../pod/layout.ts';
import { nearest } from '../pod/nearest.ts';
import { takeSet } from './give-way.ts';
import { findRevision } from './history.ts';
import { requireAwake, requireKnown } from './inventory.ts';
import { perform } from './perform.ts';
import { planRevision } from './plan-set.ts';
import { recover } from './recover.ts';
import type { ChangeOptions, ReconcileResult } from './result.ts';
import { newWork } from './work.ts';

/** Replaces the named pods, or all, with new pods of the same manifests, each by its strategy and in order. */
export async function restart(
  options: ChangeOptions & { readonly pods?: readonly string[] | undefined },
): Promise<ReconcileResult> {
  const { root, set, pods = [], onProgress, onWarning, signal } = options;
  using lock = await takeSet(root, set, signal);
  void lock;
  const work = newWork(options);
  requireKnown(work.inventory.now);
  requireAwake(work.inventory.now);
  await recover(work);
  const { now } = work.inventory;
  const revision = findRevision(root, set, ({ digest }) => digest === now.revision?.digest, 'the current revision');
  for (const pod of pods) requireMember(set, pod, revision.names);
  const plan = await planRevision(work.store, now, revision, {
    storeDir: imagesDir(root),
    isPruned: () => false,
    isForced: (name) => pods.length === 0 || pods.includes(name),
    wanted: now.wanted,
    isPinned: now.pin !== undefined,
    onProgress,
    onWarning,
    signal,
  });
  return await perform(work, plan, { ...options, origin: now.origin ?? '', cause: 'apply' });
}

function requireMember(set: string, pod: string, names: readonly string[]): void {
  if (names.includes(pod)) return;
  const near = nearest(pod, names);
  throw new PodError('pod/not-found', `find pod "${pod}" in set "${set}": it has no such pod`, {
    hint: near === undefined ? `it has ${names.join(', ') || 'none'}` : `did you mean "${near}"?`,
  });
}
