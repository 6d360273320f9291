import { backOffMs } from './back-off.ts';

export interface RoundEnd {
  /** All is as it should be. */
  readonly isWell: boolean;
  /** The longest to wait for another attempt, when somebody else may mend it at any moment. */
  readonly againMs?: number | undefined;
}

export interface LoopOptions {
  /** How long it may be until the next round when nothing happens. */
  readonly resyncMs: number;
  /** What it throws ends the loop, unless it was given up. */
  readonly round: (signal: AbortSignal) => Promise<RoundEnd>;
  /** Before the pause between two rounds. */
  readonly onPause: (pause: { readonly isWell: boolean; readonly ms: number }) => void;
}

/** Rounds, one after another: at once when something has changed, soon after failures, rarely otherwise. */
export class WatchLoop {
  readonly #options: LoopOptions;
  #round: AbortController | undefined;
  #failures = 0;
  #isAgain = false;
  #isStopped = false;
  #dueMs = Infinity;
  #wake: (() => void) | undefined;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  /** A round now: waits that failures have made do not count any more, and a round under way is given up. */
  begin(): void {
    this.#failures = 0;
    this.#isAgain = true;
    this.#round?.abort(new Error('something has changed'));
    this.#wake?.();
  }

  /** A round no later than in so many milliseconds. */
  beginIn(ms: number): void {
    this.#dueMs = Math.min(this.#dueMs, Date.now() + ms);
    this.#wake?.();
  }

  /** A round under way is given up, for so many milliseconds at least. */
  giveWay(ms: number): void {
    if (!this.#round) return;
    this.beginIn(ms);
    this.#round.abort(new Error('somebody else is to have the set'));
  }

  /** What is under way is given up; `run` returns. */
  stop(): void {
    this.#isStopped = true;
    this.#round?.abort(new Error('the watch is over'));
    this.#wake?.();
  }

  async run(): Promise<void> {
    while (!this.#isStopped) {
      this.#isAgain = false;
      this.#dueMs = Infinity;
      const { isWell, againMs = Infinity } = await this.#attempt();
      if (this.#isStopped || this.#isAgain) continue;
      this.#failures = isWell ? 0 : this.#failures + 1;
      const { resyncMs, onPause } = this.#options;
      this.beginIn(isWell ? resyncMs : Math.min(backOffMs(this.#failures), resyncMs, againMs));
      onPause({ isWell, ms: Math.max(0, this.#dueMs - Date.now()) });
      await this.#pause();
    }
  }

  async #attempt(): Promise<RoundEnd> {
    const round = new AbortController();
    this.#round = round;
    try {
      return await this.#options.round(round.signal);
    } catch (error) {
      if (round.signal.aborted) return { isWell: true };
      throw error;
    } finally {
      this.#round = undefined;
    }
  }

  /** Until the time has come, which may come nearer meanwhile. */
  async #pause(): Promise<void> {
    while (!this.#isStopped && !this.#isAgain) {
      const leftMs = this.#dueMs - Date.now();
      if (leftMs <= 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, leftMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
  }
}
