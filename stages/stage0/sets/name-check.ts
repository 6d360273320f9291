import { isAbsolute } from 'node:path';
import { PodError } from '../error.ts';
import { livingOwner } from '../pod/names.ts';
import type { PodStore } from '../pod/store.ts';
import { type Change, isEffective } from './changes.ts';
import { type Inventory, readInventory, uuidsOf } from './inventory.ts';
import { listSets } from './set-store.ts';

/** Errors for names that the set wants but that belong to other pods: such pods are never taken over. */
export function nameErrors(store: PodStore, inventory: Inventory, changes: readonly Change[]): PodError[] {
  const wanted = changes.filter((change) => change.desired && isEffective(change));
  if (wanted.length === 0) return [];
  const others = new OtherSets(store.root, inventory.set);
  return wanted.flatMap(({ name, desired }) => {
    const owner = livingOwner(store, name);
    const entry = inventory.pods[name];
    const isOurs = owner === undefined || (entry !== undefined && uuidsOf(entry).includes(owner));
    const other = others.setWith(name);
    if (isOurs && other === undefined) return [];
    return [
      other === undefined ? strange(name, owner!, desired!.at, others.unknown) : contested(name, other, desired!.at),
    ];
  });
}

function strange(name: string, owner: string, at: PodError['at'], unknown: PodError | undefined): PodError {
  const whose = unknown ? 'may belong to a set whose inventory is damaged' : 'belongs to no set';
  return new PodError('pod/name-taken', `make pod "${name}": pod ${owner} has the name, and ${whose}`, {
    at,
    hint: unknown?.message ?? `pod rm --force ${name} removes it; or rename the pod of the set`,
  });
}

function contested(name: string, { set, origin }: Inventory, at: PodError['at']): PodError {
  // The argument for a repository includes the wanted ref, so a placeholder is shown.
  const dir = origin !== null && isAbsolute(origin) ? origin : 'DIR';
  return new PodError('pod/name-taken', `make pod "${name}": set "${set}" has a pod of that name`, {
    at,
    hint: `remove the pod from that set first (pod apply -f ${dir} --set ${set} --prune), or give this pod another name`,
  });
}

/** The other sets, read once, when a name is first asked for. */
class OtherSets {
  readonly #root: string;
  readonly #own: string;
  #names: Map<string, Inventory> | undefined;
  #unknown: PodError | undefined;

  constructor(root: string, own: string) {
    this.#root = root;
    this.#own = own;
  }

  setWith(name: string): Inventory | undefined {
    this.#names ??= this.#read();
    return this.#names.get(name);
  }

  /** Why the pods of one of the sets are unknown. */
  get unknown(): PodError | undefined {
    return this.#unknown;
  }

  /**
   * The pods of a set with a damaged inventory are unknown, but this blocks nobody: its living pods hold their names, which is
   * visible without the inventory, and its dead pods are not restarted before it is repaired. Then that set will find the name
   * taken.
   */
  #read(): Map<string, Inventory> {
    const names = new Map<string, Inventory>();
    for (const set of listSets(this.#root)) {
      if (set === this.#own) continue;
      try {
        const inventory = readInventory(this.#root, set);
        for (const name of Object.keys(inventory.pods)) names.set(name, inventory);
      } catch (error) {
        if (!(error instanceof PodError) || error.code !== 'set/damaged') throw error;
        this.#unknown = error;
      }
    }
    return names;
  }
}
