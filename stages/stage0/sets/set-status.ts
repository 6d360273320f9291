import { isLocked } from '../pod/lock.ts';
import { PodStore } from '../pod/store.ts';
import { type Condition, conditionsOf } from './conditions.ts';
import { judgeHealth } from './health.ts';
import { type Inventory, type InventoryPod, readInventory, requireKnown } from './inventory.ts';
import { setDir } from './set-store.ts';
import { readTrouble } from './watched.ts';

export interface SetPodStatus {
  readonly name: string;
  readonly uuid: string | null;
  readonly file: string | null;
  readonly health: 'healthy' | 'pending' | 'unhealthy';
  readonly message: string;
  readonly digest: string | null;
}

export interface SetStatus {
  readonly set: string;
  readonly origin: string | null;
  readonly revision: number | null;
  readonly outcome: string | null;
  readonly isPinned: boolean;
  readonly isSuspended: boolean;
  readonly lastChangeAt: string | null;
  readonly conditions: readonly Condition[];
  readonly pods: readonly SetPodStatus[];
}

/** The current state of everything. Throws `set/not-found`. */
export function readSetStatus(root: string, set: string): SetStatus {
  const inventory = readInventory(root, set);
  const trouble = inventory.isSuspended ? undefined : readTrouble(root, set);
  // A set that was never applied is known only by its watcher's trouble.
  if (trouble === undefined) requireKnown(inventory);
  const store = new PodStore(root);
  const pods = Object.entries(inventory.pods).map(([name, entry]) => podStatus(store, name, entry));
  const unready = new Map(
    pods.filter(({ health }) => health !== 'healthy').map(({ name, message }) => [name, message]),
  );
  const conditions = conditionsOf({ inventory, unready, isReconciling: isLocked(setDir(root, set)), trouble });
  return { ...summaryOf(inventory), conditions, pods };
}

function summaryOf({
  set,
  origin,
  revision,
  pin,
  isSuspended,
  last,
}: Inventory): Omit<SetStatus, 'conditions' | 'pods'> {
  return {
    set,
    origin,
    revision: revision?.number ?? null,
    outcome: revision?.outcome ?? null,
    isPinned: pin !== undefined,
    isSuspended: isSuspended ?? false,
    lastChangeAt: last?.at ?? null,
  };
}

function podStatus(store: PodStore, name: string, { current, isCompleted }: InventoryPod): SetPodStatus {
  const known = { name, uuid: current?.uuid ?? null, file: current?.file ?? null, digest: current?.digest ?? null };
  if (!current) return { ...known, health: 'unhealthy', message: 'it was not started' };
  if (isCompleted) return { ...known, health: 'healthy', message: 'completed' };
  const health = judgeHealth(store, current.uuid, current.rollout.minReadyMs);
  return { ...known, health: health.state, message: health.state === 'healthy' ? health.how : health.why };
}
