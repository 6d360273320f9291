import { Interrupted } from './interrupted.ts';
import type { RunningPod } from './launch-api.ts';

/** A pod, or several as one. */
export type Stoppable = Pick<RunningPod, 'stop'>;

/** The first SIGINT or SIGTERM stops the pod gracefully, the second kills it. Before there is a pod, one aborts the launch. */
export class StopOnSignal implements Disposable {
  /** Made when somebody listens: an AbortController is code that most starts do without. */
  #abort: AbortController | undefined;
  readonly #handler = (signal: NodeJS.Signals): void => this.#take(signal);
  #pod: Stoppable | undefined;
  #count = 0;
  #interrupted: Interrupted | undefined;

  constructor() {
    process.on('SIGINT', this.#handler);
    process.on('SIGTERM', this.#handler);
  }

  get aborted(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  /** That there was a signal. */
  get interrupted(): Interrupted | undefined {
    return this.#interrupted;
  }

  attach(pod: Stoppable): void {
    this.#pod = pod;
    // A signal that came while the launch was past the point of no return.
    if (this.#count > 0) this.#stop();
  }

  [Symbol.dispose](): void {
    process.off('SIGINT', this.#handler);
    process.off('SIGTERM', this.#handler);
  }

  #take(signal: NodeJS.Signals): void {
    this.#count++;
    this.#interrupted ??= new Interrupted(signal === 'SIGINT' ? signal : 'SIGTERM');
    // Of several pods, those that are not launched yet.
    this.#abort?.abort(this.#interrupted);
    if (this.#pod) this.#stop();
  }

  #stop(): void {
    const pod = this.#pod!;
    const asked = this.#count > 1 ? pod.stop({ graceMs: 0 }) : pod.stop();
    // A pod that ended just now cannot be asked; its exit is on its way.
    asked.catch(() => undefined);
  }
}
