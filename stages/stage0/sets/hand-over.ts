import { PodError } from '../error.ts';
import type { Change } from './changes.ts';
import { uuidsOf } from './inventory.ts';
import { prune } from './prune.ts';
import type { Work } from './work.ts';

/** Pods that the folder has no more and that have a host port which another one is to have: a pod that was renamed is two pods to us. */
export class HandOver {
  readonly #work: Work;
  readonly #leftovers: readonly Change[];
  readonly #going = new Map<Change, Promise<unknown>>();

  constructor(work: Work, changes: readonly Change[]) {
    this.#work = work;
    this.#leftovers = changes.filter(({ action }) => action === 'prune' || action === 'keep');
  }

  /** Starts a pod; a pod that is to go anyway, and has what the start wants, goes first. */
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

  /** Whose dependents go with it, before it. What cannot be removed is told of, and tried again at the end. */
  #send(change: Change): Promise<unknown> {
    const known = this.#going.get(change);
    if (known) return known;
    const going = prune(this.#work, this.#withDependents(change));
    this.#going.set(change, going);
    return going;
  }

  #withDependents(change: Change): Change[] {
    const all = new Set([change]);
    // A set grows while it is gone through.
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
