/** signal(7): those that end what a person, a terminal or a service manager has started. */
export const END_SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;

export type EndSignal = keyof typeof END_SIGNALS;

/** The caller's signal ended the command before there was a pod it could be passed on to. */
export class Interrupted extends Error {
  readonly signal: EndSignal;
  /** What a shell shows for a program that the signal killed. */
  readonly exitCode: number;

  constructor(signal: EndSignal) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
    this.exitCode = 128 + END_SIGNALS[signal];
  }
}
