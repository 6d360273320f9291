import type { RunningExec } from './launch-api.ts';

/** What a terminal sends to every process of a job: a shell that waits for a child ends by SIGINT only after that has ended. */
const TO_ALL: ReadonlySet<NodeJS.Signals> = new Set(['SIGINT', 'SIGQUIT', 'SIGHUP']);

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/**
 * Signals to us are for the command, from before it is started: it may run, and have been seen to, before we are told so. One that
 * ended us then would leave it behind.
 */
export class SignalRelay implements Disposable {
  #running: RunningExec | undefined;
  readonly #early: NodeJS.Signals[] = [];
  readonly #onSignal = (signal: NodeJS.Signals): void => this.#pass(signal);

  constructor() {
    for (const signal of FORWARDED) process.on(signal, this.#onSignal);
  }

  attach(running: RunningExec): void {
    this.#running = running;
    for (const signal of this.#early.splice(0)) this.#pass(signal);
  }

  [Symbol.dispose](): void {
    for (const signal of FORWARDED) process.off(signal, this.#onSignal);
  }

  #pass(signal: NodeJS.Signals): void {
    if (!this.#running) return void this.#early.push(signal);
    // The command may have ended in between; its exit is on its way.
    this.#running.signal(signal, TO_ALL.has(signal) ? 'group' : 'process').catch(() => undefined);
  }
}
