import { closeSync, statSync } from 'node:fs';
import { readFinal } from '../pod/events.ts';
import { collectLeftovers } from './leftovers.ts';
import { readRecord } from '../pod/record.ts';
import { removePod, tryLockAt, undoPod } from './remove.ts';
import { type PodDir, PodStore } from '../pod/store.ts';

export interface CollectOptions {
  /** Exited pods stay this long, for whoever wants their logs. */
  readonly graceMs: number;
  /** Pods that were prepared and never run stay this long. */
  readonly expirePreparedMs: number;
  /** Only says what would be done. */
  readonly isDryRun: boolean;
}

export const DEFAULT_COLLECT: CollectOptions = { graceMs: 30 * 60_000, expirePreparedMs: 24 * 3_600_000, isDryRun: false };

export interface Collected {
  readonly what: 'pod' | 'claim' | 'cgroup' | 'image' | 'network';
  readonly id: string;
  /** `removed` or what was found: `died`, `exited 2h ago`… */
  readonly why: string;
}

export interface Collection {
  readonly collected: readonly Collected[];
  /** One for each thing that could not be removed; the next run tries again. */
  readonly failures: readonly { readonly id: string; readonly error: unknown }[];
}

/** Removes what dead pods left. Pods that are alive are never touched; may run beside anything, and be killed at any point. */
export async function collect(root: string, options: CollectOptions = DEFAULT_COLLECT): Promise<Collection> {
  const store = new PodStore(root);
  const collected: Collected[] = [];
  const failures: { id: string; error: unknown }[] = [];
  for (const pod of store.list()) {
    try {
      const why = await collectPod(store, pod, options);
      if (why !== undefined) collected.push({ what: 'pod', id: pod.uuid, why });
    } catch (error) {
      failures.push({ id: pod.uuid, error });
    }
  }
  await collectLeftovers(store, options, collected, failures);
  return { collected, failures };
}

/** Why the pod was, or would be, collected; undefined when it stays. */
async function collectPod(store: PodStore, pod: PodDir, options: CollectOptions): Promise<string | undefined> {
  const dead = tryLockAt(pod);
  if (!dead) return undefined;
  // The lock is ours: nobody else moves the pod until it is let go.
  try {
    if (pod.state === 'run') return await buryPod(store, pod, options);
  } finally {
    closeSync(dead.fd);
  }
  const why = reasonToRemove(pod, options, Date.now());
  if (why !== undefined && !options.isDryRun) await removePod(store.root, pod.uuid);
  return why;
}

/** A pod that died without its monitor: what it holds is given back now, its logs stay for the grace period. */
async function buryPod(store: PodStore, pod: PodDir, { isDryRun }: CollectOptions): Promise<string> {
  if (!isDryRun) {
    await undoPod(store.root, pod.uuid, pod.path);
    store.move(pod.uuid, 'run', 'exited');
  }
  return 'died';
}

function reasonToRemove(pod: PodDir, options: CollectOptions, nowMs: number): string | undefined {
  switch (pod.state) {
    case 'garbage':
      return 'garbage';
    case 'prepare':
      return 'its launch was interrupted';
    case 'prepared':
      return nowMs - movedAt(pod) >= options.expirePreparedMs ? 'prepared and never run' : undefined;
    default: {
      if (readRecord(pod.path)?.autoRemove) return 'exited, was run with --rm';
      return nowMs - (readFinal(pod.path)?.t ?? movedAt(pod)) >= options.graceMs ? 'exited' : undefined;
    }
  }
}

/** A rename changes the directory's ctime. */
function movedAt(pod: PodDir): number {
  return statSync(pod.path, { throwIfNoEntry: false })?.ctimeMs ?? Date.now();
}
