import { closeSync, openSync } from 'node:fs';
import { launchMonitor, type Monitor } from '../../stage1/monitor.ts';
import type { OpenTransport } from '../../stage1/transport.ts';
import type { Program } from '../../tape/program.ts';
import { bindTemplate } from '../../tape/template.ts';
import type { AttachedApp, ControlApi, Lifeline, PodExit, RunningPod, RunOptions } from '../cli/launch-api.ts';
import { encodeMessage, LET_GO } from '../../stage1/message.ts';
import { PodError } from '../error.ts';
import { releaseName } from '../pod/names.ts';
import { readStatus } from '../pod/status.ts';
import { PodStore } from '../pod/store.ts';
import { acquirePod, type AcquiredPod } from './acquire.ts';
import type { FirstClient } from './attach.ts';
import type { PreparedPod } from './acquire-input.ts';
import type { CompiledPod, PodIdentity } from './compiled.ts';
import { distDir } from './dist.ts';
import { isLabelled, unpackExecData } from './exec-data.ts';
import { NoRoom } from './room.ts';
import { openStandardInput } from './stdin.ts';
import { transportFor } from './transport.ts';

export interface StartInput {
  readonly identity: PodIdentity;
  readonly pod: CompiledPod;
  /** The program of the compiled pod; only requested when an op failed, to find the op's purpose and manifest line. */
  readonly program: () => Program | Promise<Program>;
  readonly options: RunOptions;
  readonly prepared?: PreparedPod | undefined;
}

/**
 * Starts a compiled pod. Resolves when every app has started or the pod has already ended. Leaves nothing behind when it throws.
 */
export async function startPod(input: StartInput): Promise<RunningPod> {
  const client = await firstClient(input);
  try {
    return await startWith(input, client);
  } catch (error) {
    client?.attached.close();
    throw error;
  } finally {
    client?.far[Symbol.dispose]();
  }
}

async function startWith(input: StartInput, client: FirstClient | undefined): Promise<RunningPod> {
  const { options } = input;
  options.onPhase?.('acquire');
  const acquired = await acquirePod(input);
  options.onPhase?.('start');
  const monitor = await handOff(input, acquired, client);
  // The monitor and init hold the lock now. This process's share only keeps a collector away.
  const release = releaseOnce(acquired.lockFd);
  if (!options.keepLock) release();
  const started = untilStarted(input, acquired, monitor);
  const pod = runningPod(input, acquired, monitor, started, release, client?.attached);
  try {
    options.onLaunched?.(pod);
    await started;
    if (input.pod.hasLifeline) monitor.channel.ref(false);
  } catch (error) {
    options.onFailed?.();
    release();
    const { removeFailed } = await import('./give-back.ts');
    const broken = await removeFailed(options.root, acquired.uuid);
    // The monitor may have removed the pod already; only its name is left then.
    releaseName(options.root, input.identity.name, acquired.uuid);
    if (broken !== undefined) throw (await import('./failure.ts')).launchOnBrokenNetwork(broken, error);
    throw error;
  }
  return pod;
}

async function firstClient({ pod, options }: StartInput): Promise<FirstClient | undefined> {
  if (!pod.hasClient) return undefined;
  const size = options.onTerminal?.();
  return (await import('./attach.ts')).firstClient(size);
}

async function handOff(
  { pod, options, prepared }: StartInput,
  acquired: AcquiredPod,
  client: FirstClient | undefined,
): Promise<Monitor> {
  const openTransport = await transportFor(options);
  try {
    const tape = bindTemplate(pod.tape, acquired.bindings);
    new PodStore(options.root).move(acquired.uuid, prepared ? 'prepared' : 'prepare', 'run');
    const apps = pod.apps.map(({ name }) => name);
    options.onCreated?.({ uuid: acquired.uuid, path: acquired.path, apps });
    const input =
      client?.far.take() ??
      (pod.takesStdin ? openStandardInput(isLabelled(unpackExecData(pod.apps[0]!.exec))) : undefined);
    return launch(tape, acquired, input, openTransport);
  } catch (error) {
    const { giveBack } = await import('./give-back.ts');
    return await giveBack(options.root, acquired, error);
  } finally {
    for (const fd of acquired.given) fd[Symbol.dispose]();
  }
}

function releaseOnce(lockFd: number): () => void {
  let isHeld = true;
  return () => {
    if (isHeld) closeSync(lockFd);
    isHeld = false;
  };
}

/** Closes `input`, the first app's or a client's, unless it is the caller's own standard input. */
function launch(tape: Uint8Array, pod: AcquiredPod, input: number | undefined, openTransport: OpenTransport): Monitor {
  const nullFd = openSync('/dev/null', 'r+');
  const stdinFd = input ?? nullFd;
  try {
    return launchMonitor({
      distDir: distDir(),
      tape,
      lockFd: pod.lockFd,
      stdinFd,
      nullFd,
      given: pod.given.map(({ number }) => number),
      openTransport,
    });
  } finally {
    closeSync(nullFd);
    if (stdinFd !== nullFd && stdinFd !== 0) closeSync(stdinFd);
  }
}

/** Throws the launch failure, once the monitor has cleaned up after it. */
async function untilStarted(input: StartInput, acquired: AcquiredPod, monitor: Monitor): Promise<void> {
  const { identity, pod, program } = input;
  let first = await monitor.channel.next();
  if (first?.type === 'entered') {
    await serveEntered(input, acquired, monitor, first.a);
    first = await monitor.channel.next();
  }
  if (first?.type === 'started') return;
  let last = first;
  while (last && last.type !== 'exited') last = await monitor.channel.next();
  monitor.channel.close();
  const { launchFailure, launchDeath } = await import('./failure.ts');
  // After init has been killed, a failure report only shows a consequence of that.
  if (first?.type === 'failed' && !last?.b)
    throw launchFailure(await program(), first, pod.apps[first.app]?.at ?? pod.at);
  if (first?.type === 'malformed') throw new PodError('tape/malformed', 'start the pod: stage1 refused its tape');
  throw launchDeath(identity.name, last?.b, pod.at);
}

/** The monitor waits: a normal user's in its namespaces, before anything else; otherwise with an init that is not on its network yet. */
async function serveEntered(
  { pod, options }: StartInput,
  { path: podDir, cni, hostname = '' }: AcquiredPod,
  monitor: Monitor,
  initPid: number,
): Promise<void> {
  if (pod.entry) {
    const { letIn } = await import('./let-in.ts');
    await letIn(pod.entry, monitor, { at: pod.userns.at, podDir });
  }
  if (cni) {
    const { connectCni } = await import('./connect-cni.ts');
    await connectCni(cni, monitor, { root: options.root, podDir, hostname, initPid, signal: options.signal });
  }
}

function runningPod(
  { identity, pod, options }: StartInput,
  { uuid, path, ips, cni }: AcquiredPod,
  monitor: Monitor,
  started: Promise<void>,
  release: () => void,
  client: AttachedApp | undefined,
): RunningPod {
  let exit: Promise<PodExit> | undefined;
  let isStarting = true;
  const settle = (): void => void (isStarting = false);
  started.then(settle, settle);
  const ask = (request: (control: ControlApi) => Promise<void>): Promise<void> => onceThere(request, () => isStarting);
  return {
    uuid,
    name: identity.name,
    path,
    ips,
    apps: pod.apps.map(({ name }) => name),
    client,
    get exit() {
      const exited = (): Promise<PodExit> => waitForExit(new PodStore(options.root), uuid, monitor, release);
      return (exit ??= started.then(async () => (cni ? afterNetwork(options, uuid, await exited()) : exited())));
    },
    stop: (stopOptions = {}) => ask(async (control) => control.stopPod(path, stopOptions)),
    kill: (signal) => ask(async (control) => control.signalPod(path, undefined, signal)),
    release,
    clear: pod.clearsItself && !pod.hasLifeline ? () => endOf(monitor) : undefined,
    lifeline: pod.hasLifeline ? lifelineOf(monitor) : undefined,
  };
}

/** The pod's addresses and ports are free when its end is told. */
async function afterNetwork({ root, onWarning }: RunOptions, uuid: string, exit: PodExit): Promise<PodExit> {
  const { disconnect } = await import('../gc/disconnect.ts');
  await disconnect(root, uuid).catch((error: Error) => {
    if (!(error instanceof PodError)) throw error;
    onWarning?.(error);
  });
  return exit;
}

/** Tells the monitor that nobody listens any more, and waits until the monitor has finished. */
async function endOf({ channel }: Monitor): Promise<void> {
  if (channel.hasEnded) return;
  channel.ref(true);
  channel.end();
  while (await channel.next());
}

function lifelineOf(monitor: Monitor): Lifeline {
  return {
    cut: () => endOf(monitor),
    letGo() {
      monitor.channel.send(encodeMessage({ type: 'letGo', a: LET_GO }));
    },
  };
}

const ASK_AGAIN_MS = 5;

/** Ignores that the pod has just ended. While the pod is being launched, retries until there is an init to ask. */
async function onceThere(request: (control: ControlApi) => Promise<void>, isStarting: () => boolean): Promise<void> {
  const control = await import('./control.ts');
  for (;;) {
    // Read before the request: init may start everything while its socket is not found.
    const isEarly = isStarting();
    try {
      return await request(control);
    } catch (error) {
      if (!isOver(error)) throw error;
      if (!isEarly) return;
    }
    await new Promise((resolve) => setTimeout(resolve, ASK_AGAIN_MS));
  }
}

function isOver(error: unknown): boolean {
  if (!(error instanceof PodError) || error instanceof NoRoom) return false;
  return error.code === 'pod/state' || error.code === 'pod/died';
}

async function waitForExit(store: PodStore, uuid: string, monitor: Monitor, release: () => void): Promise<PodExit> {
  for (;;) {
    const message = await monitor.channel.next();
    if (message && message.type !== 'exited') continue;
    if (!message) {
      const { outliveMonitor } = await import('./orphan.ts');
      await outliveMonitor(store, uuid, release);
    }
    // When monitor and init were killed, no exit code was recorded: the caller gets 128+SIGKILL.
    return { exitCode: readStatus(store, uuid)?.exitCode ?? 128 + 9 };
  }
}
