import { PodError, PodErrors, podErrorsOf } from '../error.ts';
import type { ReadyPod, RunningPod, RunOptions } from './launch-api.ts';
import { loadReady } from './load-launch.ts';
import { LogPrinter } from './log-printer.ts';
import { leavePods } from './leave-pods.ts';
import { type ManifestFile, readManifestFile } from './manifest-file.ts';
import { PodOutput } from './pod-output.ts';
import type { Progress } from './progress.ts';
import { askToStop, type Stoppable, StopOnSignal } from './stop-on-signal.ts';
import type { Terminal } from './terminal.ts';
import type { Invocation } from './verb.ts';

export interface ManyLaunch {
  readonly paths: readonly string[];
  readonly network: string | undefined;
  readonly options: Omit<RunOptions, 'baseDir'>;
  readonly timeoutMs: number | undefined;
}

interface Started {
  readonly ready: ReadyPod;
  readonly pod: RunningPod;
  readonly output: PodOutput | undefined;
}

/** Runs several manifests: none is started before all are found good, and one that does not start takes the others back. */
export async function runMany(invocation: Invocation, launch: ManyLaunch, progress: Progress): Promise<number> {
  using signals = new StopOnSignal();
  const started: Started[] = [];
  try {
    const ready = await readyAll(launch, signals.aborted);
    progress.finish();
    const printer = new LogPrinter({ terminal: invocation.terminal, apps: ready.flatMap(labelsOf) });
    try {
      for (const one of ready)
        started.push(await startOne(one, launch, signals, invocation.terminal, printer, started));
      // Somebody who lost patience wants no pods in the background.
      if (launch.options.isDetached) signals.aborted.throwIfAborted();
    } catch (error) {
      await takeBack(launch.options.root, started);
      throw error;
    }
    if (launch.options.isDetached) {
      const pods = started.map(({ pod }) => pod);
      return await leavePods(invocation.terminal, launch.options.root, pods);
    }
    signals.attach({ stop: (options) => stopAll(started, options) });
    const exitCode = await attendAll(launch, started);
    return signals.exitCode ?? exitCode;
  } finally {
    progress.finish();
    for (const { output } of started) output?.close();
  }
}

/** Compiled, and nothing of them on the host yet; throws with the errors of all. */
async function readyAll({ paths, network, options }: ManyLaunch, signal: AbortSignal): Promise<ReadyPod[]> {
  const readyFile = await loadReady();
  const errors: PodError[] = [];
  const ready: ReadyPod[] = [];
  for (const path of paths) {
    signal.throwIfAborted();
    try {
      const file: ManifestFile = readManifestFile(path);
      const made = await readyFile({ ...file, network }, { ...options, signal, baseDir: file.baseDir });
      const twin = ready.find(({ name }) => name === made.name);
      if (twin) throw sameName(made, twin);
      ready.push(made);
    } catch (error) {
      errors.push(...podErrorsOf(error));
    }
  }
  if (errors.length > 0) throw new PodErrors(errors);
  return ready;
}

function sameName({ name, at }: ReadyPod, twin: ReadyPod): PodError {
  return new PodError('manifest/duplicate', `name a pod "${name}": the pod of "${twin.at.file}" has that name`, { at });
}

async function startOne(
  ready: ReadyPod,
  { options }: ManyLaunch,
  signals: StopOnSignal,
  terminal: Terminal,
  printer: LogPrinter,
  before: readonly Started[],
): Promise<Started> {
  signals.aborted.throwIfAborted();
  let output: PodOutput | undefined;
  let stop: Stoppable['stop'] = () => Promise.resolve();
  try {
    const pod = await ready.start({
      keepLock: !options.isDetached,
      onCreated: ({ path, apps }) => {
        if (!options.isDetached)
          output = new PodOutput(
            terminal,
            path,
            apps,
            () => printer,
            (app) => labelOf(ready, app),
          );
      },
      onLaunched: (launched) => {
        stop = (how) => stopAll([...before, { pod: launched }], how);
        signals.attach({ stop });
        output?.follow(() => askToStop({ stop }), true);
      },
      onFailed: () => output?.finish(),
    });
    output?.follow(() => askToStop({ stop }), false);
    return { ready, pod, output };
  } catch (error) {
    output?.close();
    throw error;
  }
}

async function stopAll(
  started: readonly Pick<Started, 'pod'>[],
  options?: { readonly graceMs?: number | undefined },
): Promise<void> {
  await Promise.all(started.map(({ pod }) => pod.stop(options)));
}

/** What was started before one that did not start: as if it had never been. */
async function takeBack(root: string, started: readonly Started[]): Promise<void> {
  await stopAll(started);
  for (const { pod, output } of started) {
    await pod.exit;
    output?.finish();
    await release(root, pod, true);
  }
}

async function attendAll({ options, timeoutMs }: ManyLaunch, started: readonly Started[]): Promise<number> {
  let hasTimedOut = false;
  const giveUp = (): void => {
    hasTimedOut = true;
    askToStop({ stop: (how) => stopAll(started, how) });
  };
  const timer = timeoutMs === undefined ? undefined : setTimeout(giveUp, timeoutMs);
  try {
    const codes = await Promise.all(started.map((one) => attend(options, one)));
    if (hasTimedOut) throw new PodError('pod/timeout', `run ${started.length} pods: not done after ${timeoutMs} ms`);
    return codes.find((code) => code !== 0) ?? 0;
  } finally {
    clearTimeout(timer);
  }
}

async function attend({ root, autoRemove }: ManyLaunch['options'], { pod, output }: Started): Promise<number> {
  try {
    const { exitCode } = await pod.exit;
    output?.finish();
    return exitCode;
  } finally {
    await release(root, pod, autoRemove);
  }
}

async function release(root: string, pod: RunningPod, isRemoved: boolean): Promise<void> {
  pod.release();
  if (!isRemoved) return;
  const { removePod } = await import('../gc/remove.ts');
  await removePod(root, pod.uuid);
}

function labelsOf(ready: ReadyPod): string[] {
  return ready.apps.map((app) => labelOf(ready, app));
}

/** The app's name only where the pod has several. */
function labelOf({ name, apps }: ReadyPod, app: string): string {
  return apps.length === 1 ? name : `${name}/${app}`;
}
