import { PodError } from '../error.ts';
import type { Change } from './changes.ts';
import { uuidsOf } from './inventory.ts';
import { prune } from './prune.ts';
import type { Work } from './work.ts';

/** Pods no longer in the folder that hold a host port which a new pod needs. A renamed pod counts as two pods. */
export class HandOver {
  readonly #work: Work;
  readonly #leftovers: readonly Change[];
  readonly #going = new Map<Change, Promise<unknown>>();

  constructor(work: Work, changes: readonly Change[]) {
    this.#work = work;
    this.#leftovers = changes.filter(({ action }) => action === 'prune' || action === 'keep');
  }

  /** Starts a pod. If a pod that is to be removed anyway holds what the start needs, removes that pod first. */
  async whileInTheWay(start: () => Promise<void>): Promise<void> {
    const gone = new Set<Change>();
    for (;;) {
      try {
        return await start();
      } catch (error) {
        if (!(error instanceof PodError)) throw error;
        const change = this.#holderOf(error);
        if (change?.action !== 'prune' || gone.has(change)) throw told(error, change);
        gone.add(change);
        await this.#send(change);
      }
    }
  }

  #holderOf({ holder }: PodError): Change | undefined {
    return this.#leftovers.find(({ entry }) => holder !== undefined && entry && uuidsOf(entry).includes(holder));
  }

  /** Removes the pod, its dependents first. A failed removal is reported and tried again at the end. */
  #send(change: Change): Promise<unknown> {
    const known = this.#going.get(change);
    if (known) return known;
    const going = prune(this.#work, this.#withDependents(change));
    this.#going.set(change, going);
    return going;
  }

  #withDependents(change: Change): Change[] {
    const all = new Set([change]);
    // Iteration over a Set also visits members that are added during it.
    for (const { name } of all) {
      for (const other of this.#leftovers) if (other.action === 'prune' && dependsOn(other, name)) all.add(other);
    }
    return [...all];
  }
}

function dependsOn({ entry }: Change, name: string): boolean {
  return (entry?.current ?? entry?.next)?.rollout.dependsOn.some(({ pod }) => pod === name) ?? false;
}

function told(error: PodError, kept: Change | undefined): PodError {
  if (kept?.action !== 'keep') return error;
  const { code, message, hint, at } = error;
  return new PodError(code, `${message}; it is pod "${kept.name}" of this set (${kept.reason})`, {
    hint,
    at,
    cause: error,
  });
}
