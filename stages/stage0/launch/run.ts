import { closeSync, openSync } from 'node:fs';
import { launchMonitor, type Monitor } from '../../stage1/monitor.ts';
import { encodeProgram } from '../../tape/encode.ts';
import type { PodExit, RunningPod, RunOptions } from '../cli/launch-api.ts';
import { PodError } from '../error.ts';
import type { PodSpec } from '../manifest/spec.ts';
import { readHostFacts } from '../plan/read-facts.ts';
import type { Plan } from '../plan/types.ts';
import { imagesDir } from '../pod/layout.ts';
import { readStatus } from '../pod/status.ts';
import { PodStore } from '../pod/store.ts';
import { acquirePod, type AcquiredPod } from './acquire.ts';
import { signalPod, stopPod } from './control.ts';
import { distDir } from './dist.ts';
import { planOnce } from './plan-cache.ts';
import { launchFailure } from './failure.ts';
import { giveBack, removeFailed } from './give-back.ts';
import { networkMode } from './network-mode.ts';
import { requireDescriptors, requirePrivilege } from './require-host.ts';
import { openStandardInput } from './stdin.ts';
import { findFileVolumes, refuseUnsupported, resolveApps } from './resolve.ts';

/** Starts a pod. Resolves when every app has started, or the pod has ended already; nothing is left behind when it throws. */
export async function run(spec: PodSpec, options: RunOptions): Promise<RunningPod> {
  const { root, onPhase = () => {} } = options;
  requirePrivilege();
  onPhase('resolve');
  refuseUnsupported(spec);
  const network = networkMode(spec, root);
  const fileVolumes = findFileVolumes(spec);
  const apps = await resolveApps(spec, { ...options, storeDir: imagesDir(root) });
  onPhase('plan');
  const facts = readHostFacts();
  requireDescriptors(facts);
  const plan = planOnce({
    root,
    spec,
    apps,
    facts,
    network: network.plan,
    fileVolumes,
    layersDir: `${imagesDir(root)}/layers`,
    stdinApp: options.stdin ? spec.apps[0]?.name : undefined,
  });
  options.signal?.throwIfAborted();
  onPhase('acquire');
  const pod = await acquirePod({ spec, apps, plan, network, options });
  onPhase('start');
  return start(spec, plan, pod, options);
}

async function start(spec: PodSpec, plan: Plan, pod: AcquiredPod, options: RunOptions): Promise<RunningPod> {
  const store = new PodStore(options.root);
  let monitor: Monitor;
  try {
    const tape = encodeProgram(plan.program, process.arch === 'arm64' ? 'aarch64' : 'x86_64', pod.bindings);
    store.move(pod.uuid, 'prepare', 'run');
    options.onCreated?.({ uuid: pod.uuid, path: pod.path, apps: spec.apps.map(({ name }) => name) });
    monitor = launch(tape, pod, options);
  } catch (error) {
    return giveBack(options.root, pod, error);
  }
  // The monitor and init hold the lock now; our share of it only keeps a collector away.
  const release = releaseOnce(pod.lockFd);
  if (!options.keepLock) release();
  try {
    await untilStarted(spec, plan, monitor);
  } catch (error) {
    release();
    await removeFailed(options.root, pod.uuid);
    throw error;
  }
  return runningPod(spec, pod, store, monitor, release);
}

function releaseOnce(lockFd: number): () => void {
  let isHeld = true;
  return () => {
    if (isHeld) closeSync(lockFd);
    isHeld = false;
  };
}

function launch(tape: Uint8Array, pod: AcquiredPod, options: RunOptions): Monitor {
  const nullFd = openSync('/dev/null', 'r+');
  const stdinFd = options.stdin ? openStandardInput() : nullFd;
  try {
    return launchMonitor({ distDir: distDir(), tape, lockFd: pod.lockFd, stdinFd, nullFd });
  } finally {
    closeSync(nullFd);
    if (stdinFd !== nullFd && stdinFd !== 0) closeSync(stdinFd);
  }
}

/** Throws the failure of the launch, once the monitor has cleaned up after it. */
async function untilStarted(spec: PodSpec, plan: Plan, monitor: Monitor): Promise<void> {
  const first = await monitor.channel.next();
  if (first?.type === 'started') return;
  for (let message = first; message && message.type !== 'exited';) message = await monitor.channel.next();
  monitor.channel.close();
  if (first?.type === 'failed') throw launchFailure(plan.program, first, appPlace(spec, first.app));
  if (first?.type === 'malformed') throw new PodError('tape/malformed', 'start the pod: stage1 refused its tape');
  throw new PodError('pod/died', `start pod "${spec.name}": it died before it could say why`, { at: spec.at });
}

function appPlace(spec: PodSpec, app: number): PodSpec['at'] {
  return spec.apps[app]?.at ?? spec.at;
}

function runningPod(
  spec: PodSpec,
  pod: AcquiredPod,
  store: PodStore,
  monitor: Monitor,
  release: () => void,
): RunningPod {
  return {
    uuid: pod.uuid,
    name: spec.name,
    path: pod.path,
    ips: pod.ips,
    apps: spec.apps.map(({ name }) => name),
    exit: waitForExit(pod, store, monitor),
    stop: (options = {}) => unlessEnded(stopPod(pod.path, options)),
    kill: (signal) => unlessEnded(signalPod(pod.path, undefined, signal)),
    release,
  };
}

/** A pod that ended a moment ago needs no stopping. */
async function unlessEnded(request: Promise<void>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof PodError && (error.code === 'pod/state' || error.code === 'pod/died'))) throw error;
  }
}

async function waitForExit(pod: AcquiredPod, store: PodStore, monitor: Monitor): Promise<PodExit> {
  for (;;) {
    const message = await monitor.channel.next();
    if (message && message.type !== 'exited') continue;
    // Killed monitors and inits leave no exit code of an app; 128+SIGKILL is what a caller must see then.
    return { exitCode: readStatus(store, pod.uuid)?.exitCode ?? 128 + 9 };
  }
}
