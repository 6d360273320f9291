import { closeSync, constants, openSync } from 'node:fs';
import { hookFailureLines } from '../pod/hook-failures.ts';
import { LogFollower } from '../pod/logs.ts';
import type { LogPrinter } from './log-printer.ts';
import { BrokenPipe, type Terminal } from './terminal.ts';

/** Nobody sees that the first line comes so much later. */
const FOLLOW_AFTER_MS = 10;

/** What the apps of one pod write, on the caller's own output, until the pod has ended. */
export class PodOutput {
  readonly #terminal: Terminal;
  readonly #apps: readonly string[];
  readonly #printer: () => LogPrinter;
  readonly #labelOf: (app: string) => string;
  /** Of the pod's directory, which moves when the pod ends; the log directory is made during the launch. */
  readonly #podFd: number;
  #follower: LogFollower | undefined;
  #open: LogPrinter | undefined;
  #failure: Error | undefined;
  #begin: NodeJS.Timeout | undefined;

  constructor(
    terminal: Terminal,
    podPath: string,
    apps: readonly string[],
    printer: () => LogPrinter,
    labelOf: (app: string) => string = (app) => app,
  ) {
    this.#terminal = terminal;
    this.#apps = apps;
    this.#printer = printer;
    this.#labelOf = labelOf;
    this.#podFd = openSync(podPath, constants.O_RDONLY | constants.O_DIRECTORY);
  }

  /** From the first line on; `stop` is called when nobody reads the output any more. */
  follow(stop: () => void): void {
    const printer = this.#printer();
    const follower = new LogFollower(`/proc/self/fd/${this.#podFd}`, {
      apps: this.#apps,
      sink: (app, line) => printer.print(this.#labelOf(app), line),
      onBatch: () => printer.flush(),
    });
    this.#open = printer;
    this.#follower = follower;
    follower.failure.catch((error: Error) => {
      this.#drop();
      // Anything else is a bug of ours, and no reason to leave the pod running.
      this.#failure = error instanceof BrokenPipe ? undefined : error;
      stop();
    });
    // Setting up a watch and taking it down takes longer than a pod that is over at once; `finish` reads what that wrote.
    this.#begin = setTimeout(() => follower.follow(), FOLLOW_AFTER_MS);
  }

  /** Everything that was written before the end. */
  finish(): void {
    try {
      this.#follower?.finish();
      this.#open?.finish();
      if (this.#open)
        for (const line of hookFailureLines(`/proc/self/fd/${this.#podFd}`)) this.#terminal.err(`${line}\n`);
    } catch (error) {
      if (!(error instanceof BrokenPipe)) throw error;
    }
    this.#drop();
    if (this.#failure !== undefined) throw this.#failure;
  }

  close(): void {
    this.#drop();
    closeSync(this.#podFd);
  }

  #drop(): void {
    clearTimeout(this.#begin);
    this.#follower?.[Symbol.dispose]();
    this.#follower = undefined;
    this.#open = undefined;
  }
}
