import { hookFailureLines } from '../pod/hook-failures.ts';
import { closeSync, constants, openSync, writeFileSync } from 'node:fs';
import { PodError } from '../error.ts';
import { LogFollower } from '../pod/logs.ts';
import type { ClientWants } from './app-client.ts';
import type { LaunchApi, ManifestInput, RunningPod, RunOptions, TerminalSize } from './launch-api.ts';
import { LogPrinter } from './log-printer.ts';
import type { Progress } from './progress.ts';
import { requireTerminal } from './require-terminal.ts';
import { StopOnSignal } from './stop-on-signal.ts';
import { BrokenPipe, isTerminal, STDOUT, type Terminal } from './terminal.ts';
import type { Timings } from './timings.ts';
import type { Invocation } from './verb.ts';

export interface Launch {
  readonly manifest: ManifestInput;
  readonly start: LaunchApi['runFile'];
  readonly options: RunOptions;
  readonly idFile: string | undefined;
  readonly client: ClientWants;
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
  const { isDetached } = launch.options;
  let output: Output | undefined;
  try {
    const pod = await launch.start(launch.manifest, {
      ...launch.options,
      keepLock: !isDetached,
      // What is compiled already starts before a signal could be taken.
      get signal() {
        return signals.aborted;
      },
      onTerminal: () => {
        output = new ClientOutput(terminal, launch.client);
        return sizeFor(launch.client);
      },
      onCreated: ({ path, apps }) => {
        if (!isDetached) output ??= new PodOutput(terminal, path, apps);
      },
    });
    progress.finish();
    if (launch.idFile !== undefined) writeIdFile(launch.idFile, pod.uuid);
    if (isDetached) {
      terminal.out(`${pod.uuid}\n`);
      return 0;
    }
    timings.start('run');
    signals.attach(pod);
    let hasLeft = false;
    try {
      const attended = await attend(pod, output!, launch.timeoutMs);
      ({ hasLeft } = attended);
      return attended.exitCode;
    } finally {
      timings.start('end');
      pod.release();
      if (launch.options.autoRemove && !hasLeft) await removeAfter(root, pod.uuid);
    }
  } finally {
    progress.finish();
    output?.close();
  }
}

interface Attended {
  readonly exitCode: number;
  /** The pod goes on without us. */
  readonly hasLeft: boolean;
}

async function attend(pod: RunningPod, output: Output, timeoutMs: number | undefined): Promise<Attended> {
  let hasTimedOut = false;
  const timer =
    timeoutMs === undefined
      ? undefined
      : setTimeout(() => {
          hasTimedOut = true;
          void pod.stop();
        }, timeoutMs);
  try {
    const left = await output.show(pod);
    if (left !== undefined) return { exitCode: left, hasLeft: true };
    const { exitCode } = await pod.exit;
    output.finish();
    if (hasTimedOut) throw new PodError('pod/timeout', `run pod ${pod.uuid}: not done after ${timeoutMs} ms, stopped`);
    return { exitCode, hasLeft: false };
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

/** `-i` of an app with a terminal is for a person at one. */
function sizeFor({ isInteractive }: ClientWants): TerminalSize | undefined {
  if (isInteractive) requireTerminal();
  return isTerminal(STDOUT) ? { columns: process.stdout.columns, rows: process.stdout.rows } : undefined;
}

interface Output {
  /** The result is an exit code when the caller leaves the pod to itself. */
  readonly show: (pod: RunningPod) => Promise<number | undefined>;
  /** Everything that was written before the end. */
  readonly finish: () => void;
  readonly close: () => void;
}

/** The terminal of the first app, on the caller's own. */
class ClientOutput implements Output {
  readonly #terminal: Terminal;
  readonly #wants: ClientWants;

  constructor(terminal: Terminal, wants: ClientWants) {
    this.#terminal = terminal;
    this.#wants = wants;
  }

  async show(pod: RunningPod): Promise<number | undefined> {
    const { attendClient } = await import('./attend-client.ts');
    return attendClient(this.#terminal, pod, pod.client!, this.#wants);
  }

  finish(): void {}

  close(): void {}
}

/** What the apps write, on the caller's own output, until the pod has ended. */
class PodOutput implements Output {
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

  /** From the first line on; the pod is stopped when nobody reads the output any more. */
  show(pod: RunningPod): Promise<undefined> {
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
      void pod.stop();
    });
    // Setting up a watch and taking it down takes longer than a pod that is over at once; `finish` reads what that wrote.
    this.#begin = setTimeout(() => follower.follow(), FOLLOW_AFTER_MS);
    return Promise.resolve(undefined);
  }

  finish(): void {
    try {
      this.#follower?.finish();
      this.#printer?.finish();
      if (this.#printer)
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
    this.#printer = undefined;
  }
}
