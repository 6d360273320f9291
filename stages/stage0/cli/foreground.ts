import { writeFileSync } from 'node:fs';
import { PodError } from '../error.ts';
import type { ClientWants } from './app-client.ts';
import type { LaunchApi, ManifestInput, RunningPod, RunOptions, TerminalSize } from './launch-api.ts';
import { LogPrinter } from './log-printer.ts';
import { PodOutput } from './pod-output.ts';
import type { Progress } from './progress.ts';
import { requireTerminal } from './require-terminal.ts';
import { StopOnSignal } from './stop-on-signal.ts';
import { isTerminal, STDOUT, type Terminal } from './terminal.ts';
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
        if (!isDetached) output ??= new LogOutput(terminal, path, apps, () => new LogPrinter({ terminal, apps }));
        // While stage1 works there is nothing else to do.
        if (launch.options.autoRemove) setImmediate(loadRemoval);
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

function loadRemoval(): void {
  // What is wrong with it is said when it is needed.
  import('../gc/remove.ts').catch(() => undefined);
}

async function removeAfter(root: string, uuid: string): Promise<void> {
  const { removePod } = await import('../gc/remove.ts');
  await removePod(root, uuid);
}

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

/** What the apps write. */
class LogOutput extends PodOutput implements Output {
  show(pod: RunningPod): Promise<undefined> {
    this.follow(() => void pod.stop());
    return Promise.resolve(undefined);
  }
}
