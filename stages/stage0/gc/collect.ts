import { closeSync, existsSync, statSync } from 'node:fs';
import { readFinal } from '../pod/events.ts';
import { mendUsedBridge } from './bridge.ts';
import { bury, wasStarted } from './bury.ts';
import { type Collected, type Collection, type CollectOptions, DEFAULT_COLLECT } from './collection.ts';
import { collectLeftovers } from './leftovers.ts';
import { readMountPoints } from './mounts.ts';
import { POD_FILES, podPath } from '../pod/layout.ts';
import { requireOwnRoot } from '../pod/own-root.ts';
import { readRecordIfReadable } from '../pod/record.ts';
import { memberUuids } from '../sets/members.ts';
import { type DeadPod, removePod, tryLockAt } from './remove.ts';
import { type PodDir, PodStore } from '../pod/store.ts';

/** Removes what dead pods left. Never touches living pods. Safe to run beside anything else, and to be killed at any point. */
export async function collect(root: string, options: CollectOptions = DEFAULT_COLLECT): Promise<Collection> {
  requireOwnRoot(root);
  const store = new PodStore(root);
  const around: Around = {
    mountPoints: readMountPoints(),
    members: memberUuids(root),
    patientUntilMs: performance.now() + MONITORS_MS,
  };
  const collected: Collected[] = [];
  const failures: { id: string; error: unknown }[] = [];
  for (const pod of store.list()) {
    try {
      const why = await collectPod(store, pod, options, around);
      if (why !== undefined) collected.push({ what: 'pod', id: pod.uuid, why });
    } catch (error) {
      failures.push({ id: pod.uuid, error });
    }
  }
  await collectLeftovers(store, options, collected, failures);
  return { collected, failures, mended: options.isDryRun ? undefined : await mend(root, failures) };
}

async function mend(root: string, failures: { id: string; error: unknown }[]): Promise<string | undefined> {
  try {
    return await mendUsedBridge(root);
  } catch (error) {
    failures.push({ id: 'network', error });
    return undefined;
  }
}

/** For the monitors of pods that have just exited: they tell the exit first, and then end. For all of them together. */
const MONITORS_MS = 500;
const RETRY_MS = 2;

/** What is the same for all pods. */
interface Around {
  readonly mountPoints: readonly string[];
  /** Uuids of pods that belong to sets. */
  readonly members: ReadonlySet<string>;
  /** By performance.now(). */
  readonly patientUntilMs: number;
}

/** Returns why the pod was, or would be, collected; undefined when it stays. */
async function collectPod(
  store: PodStore,
  pod: PodDir,
  options: CollectOptions,
  { mountPoints, members, patientUntilMs }: Around,
): Promise<string | undefined> {
  const dead = await lockPatiently(pod, patientUntilMs);
  if (!dead) return undefined;
  const hasDied = pod.state === 'run' && wasStarted(pod);
  // While the lock is held, no other process moves the pod.
  try {
    if (hasDied && !options.isDryRun) await bury(store, pod);
  } finally {
    closeSync(dead.fd);
  }
  if (pod.state === 'exited' && !options.isDryRun) await disconnectIfLeft(store, pod);
  const now: PodDir = hasDied ? { ...pod, state: 'exited', path: podPath(store.root, 'exited', pod.uuid) } : pod;
  // The remains of a set's pod are the proof that it has done its work; without them the pod would be started again.
  const isProof = now.state === 'exited' && members.has(pod.uuid) && readFinal(now.path)?.code === 0;
  const why = isProof ? undefined : reasonToRemove(now, options, Date.now());
  if (why !== undefined && !options.isDryRun) await removePod(store.root, pod.uuid, mountPoints);
  return hasDied ? 'died' : why;
}

/** Its monitor could not do it, or a plugin failed. */
async function disconnectIfLeft({ root }: PodStore, { path, uuid }: PodDir): Promise<void> {
  if (!existsSync(`${path}/${POD_FILES.cni}`)) return;
  const { disconnect } = await import('./disconnect.ts');
  await disconnect(root, uuid);
}

async function lockPatiently(pod: PodDir, untilMs: number): Promise<DeadPod | undefined> {
  for (;;) {
    const dead = tryLockAt(pod);
    if (dead || pod.state !== 'exited' || performance.now() >= untilMs) return dead;
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

function reasonToRemove(pod: PodDir, options: CollectOptions, nowMs: number): string | undefined {
  switch (pod.state) {
    case 'garbage':
      return 'garbage';
    case 'prepare':
    case 'run':
      return 'its launch was interrupted';
    case 'prepared':
      return nowMs - movedAt(pod) >= options.expirePreparedMs ? 'prepared and never run' : undefined;
    default: {
      if (readRecordIfReadable(pod.path)?.autoRemove) return 'exited, was run with --rm';
      return nowMs - (readFinal(pod.path)?.t ?? movedAt(pod)) >= options.graceMs ? 'exited' : undefined;
    }
  }
}

/** A rename changes the directory's ctime. In whole milliseconds, like Date.now(), or the time could be in the future. */
function movedAt(pod: PodDir): number {
  return Math.floor(statSync(pod.path, { throwIfNoEntry: false })?.ctimeMs ?? Date.now());
}
