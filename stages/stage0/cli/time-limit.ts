import { PodError } from '../error.ts';
import type { RunningPod } from './launch-api.ts';
import { askToStop } from './stop-on-signal.ts';

/** Stops a pod that is not done after so long. */
export class TimeLimit implements Disposable {
  readonly #limitMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #hasPassed = false;

  constructor(limitMs: number | undefined) {
    this.#limitMs = limitMs;
  }

  begin(pod: RunningPod): void {
    if (this.#limitMs === undefined) return;
    this.#timer = setTimeout(() => {
      this.#hasPassed = true;
      askToStop(pod);
    }, this.#limitMs);
  }

  /** Throws `pod/timeout` when the pod was stopped for it. */
  check({ uuid }: RunningPod): void {
    if (!this.#hasPassed) return;
    throw new PodError('pod/timeout', `run pod ${uuid}: not done after ${this.#limitMs} ms, stopped`);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}
