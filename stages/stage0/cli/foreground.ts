import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import { PodError } from '../error.ts';
import { LogFollower } from '../pod/logs.ts';
import type { LaunchApi, ManifestInput, RunningPod, RunOptions } from './launch-api.ts';
import { LogPrinter } from './log-printer.ts';
import type { Progress } from './progress.ts';
import { StopOnSignal } from './stop-on-signal.ts';
import { BrokenPipe, type Terminal } from './terminal.ts';
import type { Timings } from './timings.ts';
import type { Invocation } from './verb.ts';

export interface Launch {
  readonly manifest: ManifestInput;
  readonly start: LaunchApi['runFile'];
  readonly options: RunOptions;
  readonly idFile: string | undefined;
  readonly isDetached: boolean;
  readonly timeoutMs: number | undefined;
}

/** Starts the pod and stays with it to its end, unless it is to run detached. The result is the exit code. */
export async function runForeground(
  invocation: Invocation,
  launch: Launch,
  timings: Timings,
  progress: Progress,
): Promise<number> {
  const { terminal, root } = invocation;
  using signals = new StopOnSignal();
  let output: PodOutput | undefined;
  try {
    const pod = await launch.start(launch.manifest, {
      ...launch.options,
      keepLock: !launch.isDetached,
      // What is compiled already starts before a signal could be taken.
      get signal() {
        return signals.aborted;
      },
      onCreated: ({ path, apps }) => {
        if (!launch.isDetached) output = new PodOutput(terminal, path, apps);
      },
    });
    progress.finish();
    if (launch.idFile !== undefined) writeIdFile(launch.idFile, pod.uuid);
    if (launch.isDetached) {
      terminal.out(`${pod.uuid}\n`);
      return 0;
    }
    timings.start('run');
    signals.attach(pod);
    try {
      return await attend(pod, output!, launch.timeoutMs);
    } finally {
      timings.start('end');
      pod.release();
      if (launch.options.autoRemove) await removeAfter(root, pod.uuid);
    }
  } finally {
    progress.finish();
    output?.close();
  }
}

async function attend(pod: RunningPod, output: PodOutput, timeoutMs: number | undefined): Promise<number> {
  let hasTimedOut = false;
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          hasTimedOut = true;
          void pod.stop();
        }, timeoutMs);
  try {
    output.follow(() => void pod.stop());
    const { exitCode } = await pod.exit;
    output.finish();
    if (hasTimedOut) throw new PodError('pod/timeout', `run pod ${pod.uuid}: not done after ${timeoutMs} ms, stopped`);
    return exitCode;
  } finally {
    clearTimeout(timer);
  }
}

function writeIdFile(path: string, uuid: string): void {
  try {
    writeFileSync(path, `${uuid}\n`);
  } catch (error) {
    throw new PodError('state/io', `write the uuid to "${path}": ${(error as Error).message}`, { cause: error });
  }
}

async function removeAfter(root: string, uuid: string): Promise<void> {
  const { removePod } = await import('../gc/remove.ts');
  await removePod(root, uuid);
}

/** Nobody sees that the first line comes so much later. */
const FOLLOW_AFTER_MS = 10;

/** What the apps write, on the caller's own output, until the pod has ended. */
class PodOutput {
  readonly #terminal: Terminal;
  readonly #apps: readonly string[];
  /** Of the pod's directory, which moves when the pod ends; the log directory is made during the launch. */
  readonly #podFd: number;
  #follower: LogFollower | undefined;
  #printer: LogPrinter | undefined;
  #failure: Error | undefined;
  #begin: NodeJS.Timeout | undefined;

  constructor(terminal: Terminal, podPath: string, apps: readonly string[]) {
    this.#terminal = terminal;
    this.#apps = apps;
    this.#podFd = openSync(podPath, constants.O_RDONLY | constants.O_DIRECTORY);
  }

  /** From the first line on; `onBroken` is called when nobody reads the output any more. */
  follow(onBroken: () => void): void {
    const printer = new LogPrinter({ terminal: this.#terminal, apps: this.#apps });
    const follower = new LogFollower(`/proc/self/fd/${this.#podFd}`, {
      apps: this.#apps,
      sink: (app, line) => printer.print(app, line),
      onBatch: () => printer.flush(),
    });
    this.#printer = printer;
    this.#follower = follower;
    follower.failure.catch((error: Error) => {
      this.#drop();
      // Anything else is a bug of ours, and no reason to leave the pod running.
      this.#failure = error instanceof BrokenPipe ? undefined : error;
      onBroken();
    });
    // Setting up a watch and taking it down takes longer than a pod that is over at once; `finish` reads what that wrote.
    this.#begin = setTimeout(() => follower.follow(), FOLLOW_AFTER_MS);
  }

  /** Everything that was written before the end. */
  finish(): void {
    try {
      this.#follower?.finish();
      this.#printer?.finish();
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
    this.#printer = undefined;
  }
}
