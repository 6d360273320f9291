import { digestOf } from './digest.ts';
import { readHistory } from './history.ts';
import { fileOf, type KeptPod } from './revision.ts';
import type { DesiredSet } from './types.ts';
import type { Work } from './work.ts';

/** Pods that the set has now beyond the desired ones: without this record, a rollback would remove them, which nobody requested. */
export function keptPods({ store, set, inventory }: Work, desired: DesiredSet): KeptPod[] {
  const wanted = new Set(desired.pods.map(({ name }) => name));
  const rest = Object.entries(inventory.now.pods).filter(([name, { current }]) => current && !wanted.has(name));
  if (rest.length === 0) return [];
  const history = readHistory(store.root, set).toReversed();
  return rest.map(([name, { current }]) => {
    const files = history.flatMap((revision) => fileOf(revision, name) ?? []);
    return { name, file: files.find(({ text }) => digestOf(text) === current?.text) };
  });
}
