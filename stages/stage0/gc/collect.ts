import { closeSync, statSync } from 'node:fs';
import { readFinal } from '../pod/events.ts';
import { mendUsedBridge } from './bridge.ts';
import { bury, wasStarted } from './bury.ts';
import { type Collected, type Collection, type CollectOptions, DEFAULT_COLLECT } from './collection.ts';
import { collectLeftovers } from './leftovers.ts';
import { readMountPoints } from './mounts.ts';
import { podPath } from '../pod/layout.ts';
import { readRecordIfReadable } from '../pod/record.ts';
import { memberUuids } from '../sets/members.ts';
import { removePod, tryLockAt } from './remove.ts';
import { type PodDir, PodStore } from '../pod/store.ts';

/** Removes what dead pods left. Pods that are alive are never touched; may run beside anything, and be killed at any point. */
export async function collect(root: string, options: CollectOptions = DEFAULT_COLLECT): Promise<Collection> {
  const store = new PodStore(root);
  const around: Around = { mountPoints: readMountPoints(), members: memberUuids(root) };
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

/** What is read once for all pods. */
interface Around {
  readonly mountPoints: readonly string[];
  /** Of sets. */
  readonly members: ReadonlySet<string>;
}

/** Why the pod was, or would be, collected; undefined when it stays. */
async function collectPod(
  store: PodStore,
  pod: PodDir,
  options: CollectOptions,
  { mountPoints, members }: Around,
): Promise<string | undefined> {
  const dead = tryLockAt(pod);
  if (!dead) return undefined;
  const hasDied = pod.state === 'run' && wasStarted(pod);
  // The lock is ours: nobody else moves the pod until it is let go.
  try {
    if (hasDied && !options.isDryRun) await bury(store, pod);
  } finally {
    closeSync(dead.fd);
  }
  const now: PodDir = hasDied ? { ...pod, state: 'exited', path: podPath(store.root, 'exited', pod.uuid) } : pod;
  // That a pod of a set has done its work is known by what is left of it: without, it would be started again.
  const isProof = now.state === 'exited' && members.has(pod.uuid) && readFinal(now.path)?.code === 0;
  const why = isProof ? undefined : reasonToRemove(now, options, Date.now());
  if (why !== undefined && !options.isDryRun) await removePod(store.root, pod.uuid, mountPoints);
  return hasDied ? 'died' : why;
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

/** A rename changes the directory's ctime. Whole milliseconds, as Date.now() has them, or it would lie in the future. */
function movedAt(pod: PodDir): number {
  return Math.floor(statSync(pod.path, { throwIfNoEntry: false })?.ctimeMs ?? Date.now());
}
