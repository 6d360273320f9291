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

/** A command that is not done in time, or that the caller gives up, is killed. */
export type ExecSettings = Partial<Pick<ExecOptions, 'app' | 'env' | 'user' | 'workingDirectory'>> & Limits;

/** A pod that was started by this process. `await using` stops and removes it. */
export class Pod implements AsyncDisposable {
  readonly uuid: string;
  readonly name: string;
  readonly ips: readonly string[];
  readonly apps: readonly string[];
  /** The pod's exit code, by the rule of `docs/cli.md`, when its last app has ended. */
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
   * Runs a command in an app, under its isolators, and collects what it prints: 64 MiB for all that run at a time, then it is told
   * that there is no space. Throws when it cannot be executed, `pod/timeout` when it takes too long, and the signal's reason.
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
    // Nobody would close what is kept for the next one from here on.
    if (this.#hasEnded) throw new PodError('pod/state', `execute in pod ${this.name}: it is not running`);
    using stdout = this.#captures.take();
    using stderr = this.#captures.take();
    const stdio = [null, stdout.far.number, stderr.far.number] as const;
    const { exitCode } = await this.#executorOf(app).runToEnd({ env: {}, ...command, argv, stdio, tty: false }, signal);
    this.#captures.refillSoon();
    return { exitCode, stdout: stdout.text(), stderr: stderr.text() };
  }

  /** What the apps have written so far, merged by time. Throws `pod/not-found` when the pod was removed. */
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

  /** As `pod status -o json` shows it; undefined when the pod was removed. */
  status(): PodStatus | undefined {
    return readStatus(this.#store, this.uuid);
  }

  /**
   * Gives the running pod other limits, as `pod update --set` does: `{'app/web/resource/memory.limit': '512Mi'}`; null takes a value
   * away. All or none: throws `PodError` or `PodErrors` when one is refused, and then nothing has changed. The result says what
   * each was before.
   */
  async update(settings: Settings): Promise<readonly PodChange[]> {
    // Programs that never call it load none of it.
    const { updatePod } = await import('../resources/update.ts');
    return updatePod({ uuid: this.uuid, path: this.#running.path, state: 'run' }, settings);
  }

  /**
   * What is in force for the pod and its running apps, as the kernel says it, and what they use; undefined when it does not run.
   * As `inForce` and `usage` of `pod status -o json`.
   */
  async resources(): Promise<PodResources | undefined> {
    const status = this.status();
    const { readResources } = await import('../resources/in-force.ts');
    const { readCgroupFacts } = await import('../cgroup/hierarchies.ts');
    const openers = process.geteuid!() === 0 ? (await import('../resources/openers.ts')).OPENERS : undefined;
    return status && readResources({ status, path: this.#running.path, facts: readCgroupFacts(), openers });
  }

  /** Stops the apps in reverse order; without `graceMs` each has its own grace period. Resolves when the pod has ended. */
  async stop(options: { readonly graceMs?: number } = {}): Promise<number> {
    requireOptions(`stop pod "${this.name}"`, options, STOP_SETTINGS);
    this.#wake();
    await this.#running.stop(options);
    return this.exit;
  }

  /** Sends a signal, by name, to the first process of every app. */
  async kill(signal = 'SIGKILL'): Promise<void> {
    const wrong = isText(signal);
    if (wrong !== undefined) throw new PodError('test/options', `kill pod "${this.name}": the signal ${wrong}`);
    this.#wake();
    await this.#running.kill(signal);
  }

  /** Stops every process of the pod where it is, until `resume`. Resolves when all have stopped. */
  async pause(): Promise<void> {
    await pausePod(this.#located());
  }

  /** True when it was paused. */
  resume(): boolean {
    return resumePod(this.#located());
  }

  /** Stops the pod and removes all that is left of it. */
  async remove(): Promise<void> {
    await this.stop({ graceMs: 0 });
    await removePod(this.#store.root, this.uuid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.remove();
  }

  /** A paused pod can neither be told to stop nor die of a signal. */
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

  /** What is kept for the next exec, when there will be none. */
  #letGo(): void {
    this.#hasEnded = true;
    this.#captures[Symbol.dispose]();
    for (const executor of this.#executors.values()) executor[Symbol.dispose]();
    this.#executors.clear();
  }
}
