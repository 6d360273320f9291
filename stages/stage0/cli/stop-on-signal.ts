import { exitAtOnce } from '../../linux/exit.ts';
import { END_SIGNALS, type EndSignal, Interrupted } from './interrupted.ts';
import type { RunningPod } from './launch-api.ts';

/** A pod, or several as one. */
export type Stoppable = Pick<RunningPod, 'stop'>;

/**
 * The first SIGINT, SIGTERM or SIGQUIT stops the pod gracefully, the second kills it. Before there is a pod, one aborts the launch.
 * A hangup stops it too, and never kills: it comes from the kernel, from the shell and from the terminal itself.
 */
export class StopOnSignal implements Disposable {
  /** Made when somebody listens: an AbortController is code that most starts do without. */
  #abort: AbortController | undefined;
  readonly #handler = (signal: NodeJS.Signals): void => this.#take(signal as EndSignal);
  #pod: Stoppable | undefined;
  #count = 0;
  #interrupted: Interrupted | undefined;
  #isHungUp = false;

  constructor() {
    for (const signal in END_SIGNALS) process.on(signal, this.#handler);
    // It would end us, and leave the pod behind.
    process.on('SIGUSR2', ignore);
  }

  get aborted(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  /** That there was a signal. */
  get interrupted(): Interrupted | undefined {
    return this.#interrupted;
  }

  /** In place of the app's own, which is the answer to ^C and SIGTERM. */
  get exitCode(): number | undefined {
    const { signal, exitCode } = this.#interrupted ?? {};
    return signal === 'SIGHUP' || signal === 'SIGQUIT' ? exitCode : undefined;
  }

  /** The terminal is gone, by whatever that was heard of. */
  hangUp(): void {
    this.#take('SIGHUP');
  }

  attach(pod: Stoppable): void {
    this.#pod = pod;
    // A signal that came while the launch was past the point of no return.
    if (this.#interrupted) this.#stop();
  }

  [Symbol.dispose](): void {
    for (const signal in END_SIGNALS) process.off(signal, this.#handler);
    process.off('SIGUSR2', ignore);
    // The rest of a hangup may be still to come.
    if (this.#isHungUp) process.on('SIGHUP', ignore);
  }

  #take(signal: EndSignal): void {
    const isHangup = signal === 'SIGHUP';
    if (isHangup) this.#endAtOnce();
    if (isHangup && this.#interrupted) return;
    if (!isHangup) this.#count++;
    this.#interrupted ??= new Interrupted(signal);
    // Of several pods, those that are not launched yet.
    this.#abort?.abort(this.#interrupted);
    if (this.#pod) this.#stop();
  }

  /** Node's own end would put the terminal back as it was, and aborts when that fails: there may be none any more. */
  #endAtOnce(): void {
    if (this.#isHungUp) return;
    this.#isHungUp = true;
    process.on('exit', exitAtOnce);
  }

  #stop(): void {
    askToStop(this.#pod!, this.#count > 1 ? { graceMs: 0 } : {});
  }
}

/** A pod that ended just now cannot be asked; its exit is on its way. */
export function askToStop(pod: Stoppable, options: { readonly graceMs?: number } = {}): void {
  pod.stop(options).catch(() => undefined);
}

function ignore(): void {}
