import type { Change } from './changes.ts';
import { type Failures, messageOf } from './failures.ts';
import { type InventoryPod, uuidsOf } from './inventory.ts';
import { forget, removeFromSet } from './take-away.ts';
import type { Work } from './work.ts';

interface Leftover {
  readonly name: string;
  readonly entry: InventoryPod;
  /** Those of the other pods to be removed that depend on this one. */
  readonly dependents: readonly string[];
}

/** Removes the pods of changes that prune: pods without dependents at once, each other pod when its dependents are gone. */
export async function prune(work: Work, changes: readonly Change[]): Promise<Failures> {
  const failures: Failures = new Map();
  const leftovers = leftoversOf(changes);
  const gone = new Map<string, Promise<void>>();
  for (const leftover of lastFirst(leftovers)) {
    // In a cycle, a pod may have no dependents before it here, and then waits for none.
    const before = leftover.dependents.flatMap((name) => gone.get(name) ?? []);
    gone.set(
      leftover.name,
      Promise.all(before).then(() => pruneOne(work, leftover, failures)),
    );
  }
  // All settle before an error that is a bug is thrown.
  await Promise.allSettled(gone.values());
  work.inventory.flush();
  await Promise.all(gone.values());
  work.signal?.throwIfAborted();
  return failures;
}

async function pruneOne(work: Work, { name, entry }: Leftover, failures: Failures): Promise<void> {
  if (work.signal?.aborted) return;
  try {
    for (const uuid of uuidsOf(entry)) await removeFromSet(work, name, uuid);
    await forget(work, entry.previous);
    work.inventory.notePods({ [name]: undefined });
    work.emit({ e: 'pod-pruned', pod: name, uuid: entry.current?.uuid ?? null });
  } catch (error) {
    const message = messageOf(error);
    failures.set(name, message);
    work.emit({ e: 'pod-failed', pod: name, message });
  }
}

function leftoversOf(changes: readonly Change[]): Leftover[] {
  const going = changes.flatMap(({ action, name, entry }) => (action === 'prune' && entry ? [{ name, entry }] : []));
  const dependents = new Map<string, string[]>(going.map(({ name }) => [name, []]));
  for (const { name, entry } of going)
    for (const { pod } of (entry.current ?? entry.next)?.rollout.dependsOn ?? []) dependents.get(pod)?.push(name);
  return going.map((one) => ({ ...one, dependents: dependents.get(one.name)! }));
}

/**
 * Each pod after its dependents. Two revisions of a set may form a cycle that neither had; then the order within it is arbitrary.
 */
function lastFirst(leftovers: readonly Leftover[]): Leftover[] {
  const byName = new Map(leftovers.map((one) => [one.name, one]));
  const order = new Set<Leftover>();
  const seen = new Set<Leftover>();
  const visit = (one: Leftover): void => {
    if (seen.has(one)) return;
    seen.add(one);
    for (const name of one.dependents) visit(byName.get(name)!);
    order.add(one);
  };
  for (const one of leftovers.toReversed()) visit(one);
  return [...order];
}
