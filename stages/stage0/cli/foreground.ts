import { isCleared } from '../pod/cleared.ts';
import type { ClientWants } from './app-client.ts';
import { IdFile } from './id-file.ts';
import type { LaunchApi, ManifestInput, RunningPod, RunOptions, TerminalSize } from './launch-api.ts';
import { LogPrinter } from './log-printer.ts';
import { leavePods } from './leave-pods.ts';
import { PodOutput } from './pod-output.ts';
import type { Progress } from './progress.ts';
import { requireTerminal } from './require-terminal.ts';
import { askToStop, StopOnSignal } from './stop-on-signal.ts';
import { BrokenPipe, isTerminal, STDOUT, type Terminal } from './terminal.ts';
import { TimeLimit } from './time-limit.ts';
import type { Timings } from './timings.ts';
import type { Invocation } from './verb.ts';

/** What the removal of a pod needs is loaded while the pod runs. */
const PRELOAD_MS = 20;

export interface Launch {
  readonly manifest: ManifestInput;
  readonly start: LaunchApi['runFile'];
  readonly options: RunOptions;
  readonly idFile: string | undefined;
  readonly client: ClientWants;
  readonly timeoutMs: number | undefined;
  readonly timings: Timings;
  readonly progress: Progress;
}

/** Starts the pod and stays with it to its end, unless it is to run detached. The result is the exit code. */
export async function runForeground(invocation: Invocation, launch: Launch): Promise<number> {
  const { terminal, root } = invocation;
  const { progress } = launch;
  using signals = new StopOnSignal();
  using limit = new TimeLimit(launch.timeoutMs);
  const { isDetached } = launch.options;
  const idFile = new IdFile(launch.idFile);
  let output: Output | undefined;
  const visit = new Visit();
  try {
    const starting = launch.start(launch.manifest, {
      ...launch.options,
      keepLock: !isDetached,
      removesItself: launch.options.autoRemove && !isDetached,
      // What is compiled already starts before a signal could be taken.
      get signal() {
        return signals.aborted;
      },
      onTerminal: () => {
        output = new ClientOutput(terminal, launch.client, () => signals.hangUp());
        return sizeFor(launch.client);
      },
      onCreated: ({ uuid, path, apps }) => {
        idFile.write(uuid);
        if (!isDetached) output ??= new LogOutput(terminal, path, apps, () => new LogPrinter({ terminal, apps }));
      },
      onLaunched: (pod) => {
        progress.finish();
        signals.attach(pod);
        if (isDetached) return;
        limit.begin(pod);
        visit.begin(pod, output!);
      },
      onFailed: () => output?.finish(),
    });
    // A pod that does not start is removed.
    starting.catch(() => idFile.remove());
    const pod = await Promise.race([starting, visit.leftPod]);
    if (isDetached) return await leave(invocation, pod, signals, idFile);
    const exitCode = await stay({ root, launch, pod, output: output!, visit, limit });
    return signals.exitCode ?? exitCode;
  } finally {
    progress.finish();
    // Of a launch that failed: the caller's terminal is given back first.
    await visit.end;
    output?.close();
  }
}

/** The caller's stay with the output, which begins before all apps have started. */
class Visit {
  #left: Promise<number | undefined> | undefined;
  #leave: (pod: RunningPod) => void = () => undefined;
  /** When the caller leaves it to itself. */
  readonly leftPod: Promise<RunningPod> = new Promise((resolve) => (this.#leave = resolve));

  begin(pod: RunningPod, output: Output): void {
    this.#left = output.begin(pod);
    this.#left.then(
      (code) => code !== undefined && this.#leave(pod),
      // `left` says it to whoever asks.
      () => undefined,
    );
  }

  /** An exit code when the caller left. */
  get left(): Promise<number | undefined> | undefined {
    return this.#left;
  }

  get end(): Promise<unknown> | undefined {
    return this.#left?.catch(() => undefined);
  }
}

/** Somebody who lost patience wants no pod in the background. */
async function leave(
  { terminal, root }: Invocation,
  pod: RunningPod,
  { interrupted }: StopOnSignal,
  idFile: IdFile,
): Promise<number> {
  if (interrupted) {
    await pod.exit;
    throw interrupted;
  }
  return leavePods(terminal, root, [pod], () => idFile.remove());
}

interface Stay {
  readonly root: string;
  readonly launch: Launch;
  readonly pod: RunningPod;
  readonly output: Output;
  readonly visit: Visit;
  readonly limit: TimeLimit;
}

async function stay({ root, launch, pod, output, visit, limit }: Stay): Promise<number> {
  launch.timings.start('run');
  // Whoever ends sooner has hardly written anything.
  const preload = launch.options.autoRemove ? setTimeout(loadRemoval, PRELOAD_MS) : undefined;
  await tellServiceManager(launch.options, pod);
  output.started(pod);
  let hasEnded = false;
  pod.exit.then(
    () => (hasEnded = true),
    () => undefined,
  );
  try {
    return await attend(pod, output, visit, limit);
  } finally {
    clearTimeout(preload);
    launch.timings.start('end');
    pod.release();
    // One that goes on without us is its monitor's to remove when it ends, or gc's.
    if (launch.options.autoRemove && hasEnded) await removeAfter(root, pod);
  }
}

/** systemd and its like wait for the word, where they are told to. */
async function tellServiceManager({ onWarning }: RunOptions, pod: RunningPod): Promise<void> {
  if (process.env['NOTIFY_SOCKET'] === undefined) return;
  const { ServiceManager } = await import('./service-manager.ts');
  const manager = ServiceManager.fromEnvironment(process.env, onWarning);
  manager?.ready(`pod ${pod.name} runs: ${pod.uuid}`);
  process.once('SIGTERM', () => manager?.stopping(`stopping pod ${pod.name}`));
}

/** The exit code; 0 or another's when the pod goes on without us. */
async function attend(pod: RunningPod, output: Output, visit: Visit, limit: TimeLimit): Promise<number> {
  const left = await visit.left;
  if (left !== undefined) return left;
  const { exitCode } = await pod.exit;
  output.finish();
  limit.check(pod);
  return exitCode;
}

function loadRemoval(): void {
  // What is wrong with it is said when it is needed.
  import('../gc/remove.ts').catch(() => undefined);
}

/** The monitor does it when the apps have written nothing to the disk: half of what it takes here is code that runs for the first time. */
async function removeAfter(root: string, { uuid, name, clear }: RunningPod): Promise<void> {
  await clear?.();
  if (clear && isCleared(root, uuid, name)) return;
  const { removePod } = await import('../gc/remove.ts');
  await removePod(root, uuid);
}

/** `-i` of an app with a terminal is for a person at one. */
function sizeFor({ isInteractive }: ClientWants): TerminalSize | undefined {
  if (isInteractive) requireTerminal();
  return isTerminal(STDOUT) ? { columns: process.stdout.columns, rows: process.stdout.rows } : undefined;
}

interface Output {
  /** The pod is launched. The result is an exit code when the caller leaves the pod to itself. */
  readonly begin: (pod: RunningPod) => Promise<number | undefined>;
  /** All its apps have started. */
  readonly started: (pod: RunningPod) => void;
  /** Everything that was written before the end. */
  readonly finish: () => void;
  readonly close: () => void;
}

/** The terminal of the first app, on the caller's own. */
class ClientOutput implements Output {
  readonly #terminal: Terminal;
  readonly #wants: ClientWants;
  readonly #onHangup: () => void;
  #failure: Error | undefined;

  constructor(terminal: Terminal, wants: ClientWants, onHangup: () => void) {
    this.#terminal = terminal;
    this.#wants = wants;
    this.#onHangup = onHangup;
  }

  async begin(pod: RunningPod): Promise<number | undefined> {
    const { attendClient } = await import('./attend-client.ts');
    try {
      return await attendClient(this.#terminal, pod, pod.client!, this.#wants, this.#onHangup);
    } catch (error) {
      this.#failure = error instanceof BrokenPipe ? undefined : (error as Error);
      // One that ended just now cannot be asked; its exit is on its way.
      pod.stop().catch(() => undefined);
      return undefined;
    }
  }

  started(): void {}

  finish(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  close(): void {}
}

/** What the apps write. */
class LogOutput extends PodOutput implements Output {
  begin(pod: RunningPod): Promise<undefined> {
    this.follow(() => askToStop(pod), true);
    return Promise.resolve(undefined);
  }

  started(pod: RunningPod): void {
    this.follow(() => askToStop(pod), false);
  }
}
