import type { ExecOptions, RunningPod } from '../cli/launch-api.ts';
import { PodError } from '../error.ts';
import { removePod } from '../gc/remove.ts';
import { Executor } from '../launch/executor.ts';
import { pausePod, resumePod } from '../launch/pause.ts';
import { suggestionHint } from '../manifest/suggest.ts';
import type { PodChange } from '../pod/events.ts';
import { type PodStatus, readStatus } from '../pod/status.ts';
import { type PodDir, PodStore } from '../pod/store.ts';
import { wherever } from '../pod/wherever.ts';
import type { PodResources } from '../resources/in-force.ts';
import type { Settings } from '../resources/parse-set.ts';
import { SpareCaptures } from './capture.ts';
import { EXEC_SETTINGS, isText, requireOptions, STOP_SETTINGS } from './check-options.ts';
import { requireCommand } from './command.ts';
import { Deadline, type Limits, TimeIsUp } from './deadline.ts';
import { type LogEntry, readLogs } from './logs.ts';

export interface ExecResult {
  /** 128+N when signal N killed the process. */
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Settings of `exec`. A command is killed when it exceeds the time limit or when the caller aborts the signal. */
export type ExecSettings = Partial<Pick<ExecOptions, 'app' | 'env' | 'user' | 'workingDirectory'>> & Limits;

/** A pod started by this process. `await using` stops and removes it. */
export class Pod implements AsyncDisposable {
  readonly uuid: string;
  readonly name: string;
  readonly ips: readonly string[];
  readonly apps: readonly string[];
  /** The pod's exit code once its last app has ended, by the rule in `docs/cli.md`. */
  readonly exit: Promise<number>;
  readonly #running: RunningPod;
  readonly #store: PodStore;
  readonly #captures = new SpareCaptures();
  readonly #executors = new Map<string | undefined, Executor>();
  #hasEnded = false;

  constructor(running: RunningPod, root: string) {
    this.uuid = running.uuid;
    this.name = running.name;
    this.ips = running.ips;
    this.apps = running.apps;
    this.exit = running.exit.then(({ exitCode }) => {
      this.#letGo();
      return exitCode;
    });
    this.#running = running;
    this.#store = new PodStore(root);
  }

  /**
   * Runs a command in an app, under the app's isolators, and collects its output. All commands that run at the same time share a
   * limit of 64 MiB; beyond it, their writes fail with "no space left". In an app with a security label, the limit is for each stream,
   * and the writes fail with "broken pipe". Throws when the command cannot be executed, `pod/timeout`
   * when it exceeds the time limit, and the signal's reason when the signal is aborted.
   */
  async exec(argv: readonly string[], settings: ExecSettings = {}): Promise<ExecResult> {
    requireCommand(argv);
    requireOptions(`execute in pod "${this.name}"`, settings, EXEC_SETTINGS);
    const { app, timeoutMs, signal, ...command } = settings;
    if (timeoutMs === undefined && signal === undefined) return this.#execute(argv, app, command);
    using deadline = new Deadline({ timeoutMs, signal });
    try {
      return await this.#execute(argv, app, command, deadline.signal);
    } catch (error) {
      if (!(error instanceof TimeIsUp)) throw error;
      throw new PodError('pod/timeout', `execute ${JSON.stringify(argv)} in pod ${this.name}: ${error.message}`);
    }
  }

  async #execute(
    argv: readonly string[],
    app: string | undefined,
    command: Pick<ExecSettings, 'env' | 'user' | 'workingDirectory'>,
    signal?: AbortSignal,
  ): Promise<ExecResult> {
    // From here on, nothing would close the captures and executors kept for later commands.
    if (this.#hasEnded) throw new PodError('pod/state', `execute in pod ${this.name}: it is not running`);
    const executor = this.#executorOf(app);
    // Loaded on demand: few apps have a label, and with it comes node:net.
    const pipes = executor.isLabelled ? await import('./pipe-capture.ts') : undefined;
    using stdout = pipes ? new pipes.PipeCapture() : this.#captures.take();
    using stderr = pipes ? new pipes.PipeCapture() : this.#captures.take();
    const stdio = [null, stdout.far.number, stderr.far.number] as const;
    const { exitCode } = await executor.runToEnd({ env: {}, ...command, argv, stdio, tty: false }, signal);
    if (!pipes) this.#captures.refillSoon();
    return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
  }

  /** What the apps have written so far, merged by time. Throws `pod/not-found` when the pod has been removed. */
  logs(app?: string): LogEntry[] {
    if (app !== undefined && !this.apps.includes(app)) {
      const hint = suggestionHint(app, this.apps, 'its apps are');
      throw new PodError('pod/app-not-found', `read the logs of app "${app}": pod ${this.name} has none of that name`, {
        hint,
      });
    }
    return wherever(this.#store, this.uuid, (path) => {
      if (path === undefined) throw new PodError('pod/not-found', `read the logs of pod ${this.uuid}: it was removed`);
      return readLogs(path, app === undefined ? this.apps : [app]);
    });
  }

  /** The status as `pod status -o json` shows it; undefined when the pod has been removed. */
  status(): PodStatus | undefined {
    return readStatus(this.#store, this.uuid);
  }

  /**
   * Changes the limits of the running pod, as `pod update --set` does: `{'app/web/resource/memory.limit': '512Mi'}`; null removes a
   * value. Applies all settings or none: throws `PodError` or `PodErrors` when one is refused, and then nothing has changed. The
   * result gives the previous value of each setting.
   */
  async update(settings: Settings): Promise<readonly PodChange[]> {
    // Imported here, so that programs that never call update do not load it.
    const { updatePod } = await import('../resources/update.ts');
    return updatePod({ uuid: this.uuid, path: this.#running.path, state: 'run' }, settings);
  }

  /**
   * The limits in force for the pod and its running apps, as read from the kernel, and their resource usage; undefined when the pod
   * does not run. Same shape as `inForce` and `usage` in `pod status -o json`.
   */
  async resources(): Promise<PodResources | undefined> {
    const status = this.status();
    const { readResources } = await import('../resources/in-force.ts');
    const { readCgroupFacts } = await import('../cgroup/hierarchies.ts');
    const openers = process.geteuid!() === 0 ? (await import('../resources/openers.ts')).OPENERS : undefined;
    return status && readResources({ status, path: this.#running.path, facts: readCgroupFacts(), openers });
  }

  /**
   * Stops the apps in reverse order. Without `graceMs`, each app has its own grace period. Resolves with the exit code when the pod
   * has ended.
   */
  async stop(options: { readonly graceMs?: number } = {}): Promise<number> {
    requireOptions(`stop pod "${this.name}"`, options, STOP_SETTINGS);
    this.#wake();
    await this.#running.stop(options);
    return this.exit;
  }

  /** Sends the named signal to the first process of every app. */
  async kill(signal = 'SIGKILL'): Promise<void> {
    const wrong = isText(signal);
    if (wrong !== undefined) throw new PodError('test/options', `kill pod "${this.name}": the signal ${wrong}`);
    this.#wake();
    await this.#running.kill(signal);
  }

  /** Freezes every process of the pod until `resume`. Resolves when all are frozen. */
  async pause(): Promise<void> {
    await pausePod(this.#located());
  }

  /** Resumes a paused pod. Returns true when the pod was paused. */
  resume(): boolean {
    return resumePod(this.#located());
  }

  /** Stops the pod and removes everything that belongs to it. */
  async remove(): Promise<void> {
    await this.stop({ graceMs: 0 });
    await removePod(this.#store.root, this.uuid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }

  /** A paused pod cannot handle a stop request or die of a signal. */
  #wake(): void {
    const located = this.#store.locate(this.uuid);
    if (located?.state === 'run') resumePod(located);
  }

  #located(): PodDir {
    const pod = this.#store.locate(this.uuid);
    if (pod?.state === 'run') return pod;
    throw new PodError('pod/state', `pause or resume pod ${this.uuid}: it does not run`);
  }

  #executorOf(app: string | undefined): Executor {
    const executor = this.#executors.get(app) ?? new Executor(this.#running.path, app);
    this.#executors.set(app, executor);
    return executor;
  }

  /** Closes what is kept for later commands, since there will be none. */
  #letGo(): void {
    this.#hasEnded = true;
    this.#captures[Symbol.dispose]();
    for (const executor of this.#executors.values()) executor[Symbol.dispose]();
    this.#executors.clear();
  }
}
