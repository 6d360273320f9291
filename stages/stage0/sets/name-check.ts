import { PodError } from '../error.ts';
import { livingOwner } from '../pod/names.ts';
import type { PodStore } from '../pod/store.ts';
import { type Change, isEffective } from './changes.ts';
import { type Inventory, readInventory, uuidsOf } from './inventory.ts';
import { listSets } from './set-store.ts';

/** Pods with a name that the set wants and that are not the set's: none is ever taken over. */
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
    return [other === undefined ? strange(name, owner!, desired!.at) : contested(name, other, desired!.at)];
  });
}

function strange(name: string, owner: string, at: PodError['at']): PodError {
  return new PodError('pod/name-taken', `make pod "${name}": pod ${owner} has the name, and is of no set`, {
    at,
    hint: `pod rm --force ${name} removes it; or give the one of the set another name`,
  });
}

function contested(name: string, set: string, at: PodError['at']): PodError {
  return new PodError('pod/name-taken', `make pod "${name}": set "${set}" has a pod of that name`, {
    at,
    hint: `take it out of that set first (pod apply --set ${set} --prune), or give this one another name`,
  });
}

/** Read when a name is asked for, once. */
class OtherSets {
  readonly #root: string;
  readonly #own: string;
  #names: Map<string, string> | undefined;

  constructor(root: string, own: string) {
    this.#root = root;
    this.#own = own;
  }

  setWith(name: string): string | undefined {
    this.#names ??= new Map(
      listSets(this.#root)
        .filter((set) => set !== this.#own)
        .flatMap((set) => Object.keys(readInventory(this.#root, set).pods).map((pod) => [pod, set] as const)),
    );
    return this.#names.get(name);
  }
}
