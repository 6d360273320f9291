const FIRST_MS = 1000;
const CAP_MS = 300_000;
/** A pod that has run so long has its ends forgotten. */
const FORGET_MS = 600_000;

/** How long to wait after so many failures in a row. */
export function backOffMs(failures: number): number {
  return failures <= 0 ? 0 : Math.min(CAP_MS, FIRST_MS * 2 ** (failures - 1));
}

/** Pods that end again and again are started again more and more slowly, each by itself. */
export class EndCounter {
  readonly #ends = new Map<string, { readonly count: number; readonly atMs: number }>();

  /** The pod of that name has ended; the result is how long to leave it so. The first time, not at all. */
  note(name: string, nowMs: number): number {
    const last = this.#ends.get(name);
    const count = last === undefined || nowMs - last.atMs > FORGET_MS ? 0 : last.count + 1;
    this.#ends.set(name, { count, atMs: nowMs });
    return backOffMs(count);
  }

  /** Somebody has changed something: it may be better now. */
  forget(): void {
    this.#ends.clear();
  }
}
