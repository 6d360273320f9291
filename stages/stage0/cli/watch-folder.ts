import { resolve } from 'node:path';
import { type PodError, PodErrors, podErrorsOf } from '../error.ts';
import { firstLine } from '../watch/trouble.ts';
import { frozenBy } from '../pins/pins.ts';
import type { SetEvent } from '../sets/set-events.ts';
import { type Round, SetWatch, type WatchOptions } from '../watch/watch-set.ts';
import { waitFlag } from './arguments.ts';
import { newProgress } from './progress.ts';
import { renderWarning, reportError } from './report.ts';
import { ServiceManager } from './service-manager.ts';
import { folderSource, isRepository } from './set-flags.ts';
import { newSetPrinter, type SetPrinter } from './set-printer.ts';
import { isTerminal } from './terminal.ts';
import type { Invocation } from './verb.ts';

const STDIN = 0;
const FOLDER_RESYNC_MS = 300_000;
/** There is nobody who tells that a repository has changed. */
const REPOSITORY_RESYNC_MS = 60_000;

/** `pod apply --watch`: until SIGTERM or SIGINT, which leave the pods running. */
export async function watchFolder(invocation: Invocation): Promise<number> {
  const { flags, root } = invocation;
  const { set, source, mayMove } = await folderSource(invocation);
  const dir = flags.value('file')!;
  const isOfRepository = isRepository(dir) || flags.has('ref');
  const resyncMs = waitFlag(invocation, 'resync') ?? (isOfRepository ? REPOSITORY_RESYNC_MS : FOLDER_RESYNC_MS);
  const reporter = new WatchReporter(invocation, set, await newSetPrinter(invocation, set));
  using watch = new SetWatch({
    root,
    set,
    source,
    mayMove,
    folder: isOfRepository ? undefined : resolve(dir),
    resyncMs,
    frozen: frozenBy(flags.has('frozen')),
    prune: flags.has('prune'),
    allowEmpty: flags.has('allow-empty'),
    autoRollback: flags.has('auto-rollback'),
    wait: flags.has('wait'),
    timeoutMs: waitFlag(invocation, 'timeout'),
    ...reporter.callbacks,
  });
  using signals = new WatchSignals(watch, reporter);
  void signals;
  await watch.run();
  await reporter.finish();
  return 0;
}

/** SIGHUP: look now, unless it is the terminal's that has gone. */
class WatchSignals implements Disposable {
  readonly #handlers: readonly (readonly [NodeJS.Signals, () => void])[];

  constructor(watch: SetWatch, reporter: WatchReporter) {
    const stop = (): void => {
      reporter.stopping();
      watch.stop();
    };
    const look = (): void => {
      reporter.reloading();
      watch.begin();
    };
    this.#handlers = [
      ['SIGTERM', stop],
      ['SIGINT', stop],
      ['SIGHUP', isTerminal(STDIN) ? stop : look],
    ];
    for (const [signal, handler] of this.#handlers) process.on(signal, handler);
  }

  [Symbol.dispose](): void {
    for (const [signal, handler] of this.#handlers) process.off(signal, handler);
  }
}

/** Says what is new to whoever looks: the output, the service manager. The same again is not new. */
class WatchReporter {
  readonly #invocation: Invocation;
  readonly #set: string;
  readonly #printer: SetPrinter;
  readonly #progress: ReturnType<typeof newProgress>;
  readonly #manager: ServiceManager | undefined;
  readonly #heartbeat: NodeJS.Timeout | undefined;
  #lastTrouble: string | undefined;
  #isFirst = true;
  #kept = new Set<string>();
  readonly #warned = new Set<string>();
  #status = '';

  constructor(invocation: Invocation, set: string, printer: SetPrinter) {
    this.#invocation = invocation;
    this.#set = set;
    this.#printer = printer;
    this.#progress = newProgress(invocation);
    this.#manager = ServiceManager.fromEnvironment(process.env, this.#warn);
    const { watchdogMs } = this.#manager ?? {};
    if (watchdogMs !== undefined) this.#heartbeat = setInterval(() => this.#manager!.alive(), watchdogMs / 2);
  }

  /** Each look finds the same again. */
  readonly #warn = (warning: Error): void => {
    const { terminal, isQuiet } = this.#invocation;
    const text = renderWarning(terminal, warning);
    if (!isQuiet && !this.#warned.has(text)) terminal.err(text);
    this.#warned.add(text);
  };

  get callbacks(): Pick<WatchOptions, 'onEvent' | 'onRound' | 'onPause' | 'onWarning' | 'onProgress'> {
    return {
      onEvent: (event) => this.#event(event),
      onRound: (round) => this.#round(round),
      onPause: ({ isWell, ms }) => this.#tell(`${this.#status}; ${isWell ? 'next look' : 'again'} in ${shown(ms)}`),
      onWarning: this.#warn,
      onProgress: this.#progress.show,
    };
  }

  stopping(): void {
    this.#manager?.stopping('stopping; the pods keep running');
  }

  reloading(): void {
    this.#manager?.reloading('checking everything');
    // Told again after the round.
    this.#isFirst = true;
  }

  async finish(): Promise<void> {
    clearInterval(this.#heartbeat);
    await this.#printer.finish();
  }

  /** Of a round that finds nothing to do, nothing is said. */
  #event(event: SetEvent): void {
    if (event.e === 'unchanged') return;
    if (event.e === 'pod-kept') {
      if (this.#kept.has(event.pod)) return;
      this.#kept.add(event.pod);
    }
    this.#printer.show(event);
  }

  async #round({ result, error, broken }: Round): Promise<void> {
    this.#progress.finish();
    const errors = [...broken.values()].flatMap((one) => one.errors);
    await this.#trouble(error ?? (errors.length > 0 ? new PodErrors(errors) : undefined));
    if (result && (result.outcome !== 'unchanged' || this.#isFirst)) await this.#printer.result(result);
    const failures = [...(result?.failures.values() ?? [])];
    const [first] = error ? podErrorsOf(error) : errors;
    const problem = first ? firstLine(first) : failures[0];
    const count = Object.keys(result?.inventory.pods ?? {}).length;
    this.#status = `set ${this.#set}: ${problem ?? `${count} pods are as they should be`}`;
  }

  /** A line each look would fill the journal. */
  async #trouble(error: PodError | PodErrors | undefined): Promise<void> {
    const text = error && podErrorsOf(error).map(firstLine).join('\n');
    if (error && text !== this.#lastTrouble) await reportError(error);
    if (!error && this.#lastTrouble !== undefined && !this.#invocation.isQuiet)
      this.#invocation.terminal.err(`set ${this.#set}: the problem is resolved\n`);
    this.#lastTrouble = text;
  }

  #tell(status: string): void {
    if (this.#isFirst) this.#manager?.ready(status);
    else this.#manager?.status(status);
    this.#isFirst = false;
  }
}

function shown(ms: number): string {
  return ms < 90_000 ? `${Math.round(ms / 1000)}s` : `${Math.round(ms / 60_000)}m`;
}
