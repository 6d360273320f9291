/** After the last event: an editor writes, renames and removes in one go. */
const QUIET_MS = 100;
/** After the first: a folder that is written to without end is looked at all the same. */
const LIMIT_MS = 2000;

/** Calls back once for a burst of events, when it is over. */
export class Quiet implements Disposable {
  readonly #onQuiet: () => void;
  #timer: NodeJS.Timeout | undefined;
  #firstMs: number | undefined;

  constructor(onQuiet: () => void) {
    this.#onQuiet = onQuiet;
  }

  event(): void {
    const nowMs = Date.now();
    this.#firstMs ??= nowMs;
    clearTimeout(this.#timer);
    const waitMs = Math.max(0, Math.min(QUIET_MS, this.#firstMs + LIMIT_MS - nowMs));
    this.#timer = setTimeout(() => {
      this.#firstMs = undefined;
      this.#onQuiet();
    }, waitMs);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
