import { closeSync, constants, openSync } from 'node:fs';
import type { LogFollower } from '../pod/logs.ts';
import { troubleLines } from '../pod/trouble.ts';
import type { LogPrinter } from './log-printer.ts';
import { BrokenPipe, type Terminal } from './terminal.ts';

/** Nobody sees that the first line comes so much later. */
const FOLLOW_AFTER_MS = 10;
/** Longer than an ordinary start takes: from here on apps wait for others, whose lines are to be seen. */
const FOLLOW_START_AFTER_MS = 100;

/** What the apps of one pod write, on the caller's own output, until the pod has ended. */
export class PodOutput {
  readonly #terminal: Terminal;
  readonly #apps: readonly string[];
  readonly #printer: () => LogPrinter;
  readonly #labelOf: (app: string) => string;
  /** Of the pod's directory, which moves when the pod ends; the log directory is made during the launch. */
  readonly #podFd: number;
  #follower: LogFollower | undefined;
  #newFollower: typeof LogFollower | undefined;
  #open: LogPrinter | undefined;
  #failure: Error | undefined;
  #begin: NodeJS.Timeout | undefined;
  #isOver = false;

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
    void this.#load();
  }

  /** While stage1 works: nothing is followed before the launch is out of our hands. */
  async #load(): Promise<void> {
    this.#newFollower = (await import('../pod/logs.ts')).LogFollower;
  }

  /**
   * From the first line on; `stop` is called when nobody reads the output any more. Called when the pod is launched, and again
   * when its apps have started. Setting up a watch and taking it down takes longer than a pod that is over at once: it begins a
   * little later, and `finish` reads what such a pod wrote.
   */
  follow(stop: () => void, isStarting: boolean): void {
    if (this.#follower || this.#isOver) return;
    clearTimeout(this.#begin);
    const begin = (): void => {
      if (this.#opened(stop)) this.#follower!.follow();
      else this.follow(stop, isStarting);
    };
    this.#begin = setTimeout(begin, isStarting ? FOLLOW_START_AFTER_MS : FOLLOW_AFTER_MS);
  }

  /** False as long as the launch has not made the log directory. */
  #opened(stop: () => void): boolean {
    const printer = this.#printer();
    try {
      this.#follower = new this.#newFollower!(`/proc/self/fd/${this.#podFd}`, {
        apps: this.#apps,
        sink: (app, line) => printer.print(this.#labelOf(app), line),
        onBatch: () => printer.flush(),
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      return false;
    }
    this.#open = printer;
    this.#follower.failure.catch((error: Error) => {
      this.#drop();
      // Anything else is a bug of ours, and no reason to leave the pod running.
      this.#failure = error instanceof BrokenPipe ? undefined : error;
      stop();
    });
    return true;
  }

  /** Everything that was written before the end. */
  finish(): void {
    try {
      if (!this.#follower && !this.#isOver) this.#opened(() => undefined);
      this.#follower?.finish();
      this.#open?.finish();
      if (this.#open) for (const line of troubleLines(`/proc/self/fd/${this.#podFd}`)) this.#terminal.err(`${line}\n`);
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
    this.#isOver = true;
    clearTimeout(this.#begin);
    this.#follower?.[Symbol.dispose]();
    this.#follower = undefined;
    this.#open = undefined;
  }
}
