import { unlessAborted } from '../library/deadline.ts';

/** Work that several callers wait for. When the last of them has given up, the work is told to end too. */
export class SharedWork<T> {
  readonly #end = new AbortController();
  readonly #work: Promise<T>;
  #waiting = 0;

  constructor(begin: (signal: AbortSignal) => Promise<T>) {
    this.#work = begin(this.#end.signal);
  }

  /** Whoever comes now has to begin anew. */
  get isGivenUp(): boolean {
    return this.#end.signal.aborted;
  }

  /** Settles as the work does. If the signal is aborted first, rejects with its reason. */
  async wait(signal?: AbortSignal): Promise<T> {
    this.#waiting++;
    try {
      return await unlessAborted(this.#work, signal);
    } finally {
      this.#waiting--;
      if (this.#waiting === 0 && signal?.aborted) this.#end.abort(signal.reason);
    }
  }
}
