import type { PodStore } from '../pod/store.ts';
import { asOf } from './as-of.ts';
import { type Change, planChanges } from './changes.ts';
import { type DesiredOptions, readDesired } from './desired.ts';
import { digestOf } from './digest.ts';
import { readDrift } from './drift.ts';
import type { FolderFile } from './folder.ts';
import { findRevision } from './history.ts';
import { type Inventory, uuidsOf } from './inventory.ts';
import { LifeReader } from './life.ts';
import { inOrder } from './order.ts';
import { filesOf } from './revision.ts';
import type { DesiredSet } from './types.ts';

export interface SetPlan {
  /** Digest of what the folder wants. */
  readonly wanted: string | undefined;
  /** What applies: the folder, or an older revision. */
  readonly desired: DesiredSet;
  /** The set is held at an older revision. */
  readonly isPinned: boolean;
  /** The revision whose files apply, if they are not the folder's. */
  readonly revision?: number | undefined;
  /** Pods of the folder first, each after its dependencies. */
  readonly changes: readonly Change[];
  /** Digest of the inventory and of the states of its pods: while it is unchanged, so are the changes. */
  readonly state: string;
}

export interface PlanOptions extends Omit<DesiredOptions, 'pods'> {
  /** Whether a pod is removed when it is no longer wanted. */
  readonly isPruned: (name: string) => boolean;
  readonly isForced?: ((name: string) => boolean) | undefined;
}

/** Reads what the manifests want and compares it with what exists. Changes nothing. */
export async function planFolder(
  store: PodStore,
  inventory: Inventory,
  files: readonly FolderFile[],
  options: PlanOptions,
): Promise<SetPlan> {
  const wanted = await readDesired(files, { ...options, pods: inventory.pods });
  const { pin, set } = inventory;
  if (pin?.until !== wanted.digest)
    return compareWith(store, inventory, wanted, { ...options, wanted: wanted.digest, isPinned: false });
  const revision = findRevision(store.root, set, ({ digest }) => digest === pin.digest, 'the pinned revision');
  const planning = { ...options, wanted: wanted.digest, isPinned: true };
  return planRevision(store, inventory, { ...revision, files: filesOf(revision) }, planning);
}

/** The same for a revision. `wanted` is what the folder wants. */
export async function planRevision(
  store: PodStore,
  inventory: Inventory,
  { files, number }: { readonly files: readonly FolderFile[]; readonly number?: number },
  options: PlanOptions & Pick<SetPlan, 'wanted' | 'isPinned'>,
): Promise<SetPlan> {
  // The folder may have other manifests under the same names.
  const reading = { ...options, pods: inventory.pods, cache: undefined };
  const desired = await asOf(number, () => readDesired(files, reading));
  return { ...(await compareWith(store, inventory, desired, options)), revision: number };
}

async function compareWith(
  store: PodStore,
  inventory: Inventory,
  desired: DesiredSet,
  { wanted, isPinned, isPruned, isForced }: PlanOptions & Pick<SetPlan, 'wanted' | 'isPinned'>,
): Promise<SetPlan> {
  const lives = new LifeReader(store);
  const drifted = await readDrift(store.root, inventory.pods);
  const changes = planChanges({
    desired: inOrder(desired.pods),
    pods: inventory.pods,
    lifeOf: (uuid) => lives.read(uuid),
    drifted,
    isPruned,
    isForced,
  });
  return { wanted, desired, isPinned, changes, state: stateOf(inventory, lives, drifted) };
}

function stateOf({ serial, pods }: Inventory, lives: LifeReader, drifted: ReadonlySet<string>): string {
  const lines = Object.entries(pods).flatMap(([name, pod]) =>
    uuidsOf(pod).map((uuid) => `${name} ${uuid} ${JSON.stringify(lives.read(uuid))}`),
  );
  return digestOf([String(serial), ...lines.toSorted(), ...drifted].join('\n'));
}
