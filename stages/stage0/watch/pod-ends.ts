import { PodError, isKernelError } from '../error.ts';
import type { PodStore } from '../pod/store.ts';
import { waitForPod } from '../pod/wait.ts';

/** Tells when one of the pods that are followed has ended, each once. */
export class PodEnds implements Disposable {
  readonly #store: PodStore;
  readonly #onEnd: (name: string) => void;
  readonly #waits = new Map<string, AbortController>();
  readonly #ended = new Set<string>();
  readonly #told = new Set<string>();
  #names: ReadonlyMap<string, string> = new Map();
  #isHeld = false;

  constructor(store: PodStore, onEnd: (name: string) => void) {
    this.#store = store;
    this.#onEnd = onEnd;
  }

  /** Until `follow` is called again: pods end because they are replaced. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Names by uuid; others are not followed any more. */
  follow(names: ReadonlyMap<string, string>): void {
    this.#names = names;
    this.#isHeld = false;
    for (const [uuid, wait] of this.#waits) {
      if (names.has(uuid)) continue;
      wait.abort();
      this.#waits.delete(uuid);
    }
    for (const set of [this.#ended, this.#told]) for (const uuid of set) if (!names.has(uuid)) set.delete(uuid);
    for (const uuid of names.keys()) {
      if (this.#ended.has(uuid)) this.#tell(uuid);
      else if (!this.#waits.has(uuid)) void this.#await(uuid);
    }
  }

  [Symbol.dispose](): void {
    this.#isHeld = true;
    for (const wait of this.#waits.values()) wait.abort();
    this.#waits.clear();
  }

  async #await(uuid: string): Promise<void> {
    const wait = new AbortController();
    this.#waits.set(uuid, wait);
    try {
      await waitForPod(this.#store, uuid, 'exit', { signal: wait.signal });
    } catch (error) {
      if (wait.signal.aborted) return;
      // Whatever became of it, somebody should look.
      if (!(error instanceof PodError) && !isKernelError(error)) throw error;
    }
    this.#waits.delete(uuid);
    this.#ended.add(uuid);
    if (!this.#isHeld) this.#tell(uuid);
  }

  #tell(uuid: string): void {
    const name = this.#names.get(uuid);
    if (name === undefined || this.#told.has(uuid)) return;
    this.#told.add(uuid);
    this.#onEnd(name);
  }
}
