import type { RunningPod } from '../cli/launch-api.ts';
import { PodError } from '../error.ts';
import { TimeIsUp } from '../library/deadline.ts';
import { readLogs } from '../library/logs.ts';
import { readStatus } from '../pod/status.ts';
import { PodStore } from '../pod/store.ts';
import { wherever } from '../pod/wherever.ts';
import type { Gate } from './gate.ts';
import { type DescribedPod, describePods } from './report.ts';
import { guarded } from './guard.ts';
import type { Room } from './room.ts';

/** How an environment starts one of its pods. */
export interface Launch {
  readonly signal: AbortSignal;
  /** Called when the pod itself has been launched; its apps may still wait a long time for each other. */
  readonly onLaunched: (pod: RunningPod) => void;
  /** While the gate is closed, no app starts and the pod does not get its address. */
  readonly gate?: Gate | undefined;
}

export interface Start {
  /** Names of the pods, in the order of their places. */
  readonly members: readonly string[];
  readonly root: string;
  readonly start: (place: number, podName: string, room: Room, launch: Launch) => Promise<RunningPod>;
}

/** Starts all pods or none: resolves when the apps of all have started; when one fails or the signal is aborted, ends them all. */
export async function startAll(
  starter: Start,
  room: Room,
  podName: (place: number) => string,
  signal: AbortSignal,
  gate?: Gate,
): Promise<RunningPod[]> {
  const { members, root, start } = starter;
  const launched: RunningPod[] = [];
  const hasFailed = new AbortController();
  const either = AbortSignal.any([signal, hasFailed.signal]);
  // The first failure. Later ones only follow from ending the pods.
  let cause: unknown;
  const giveUp = (): void => {
    const reason: unknown = either.reason;
    cause = reason instanceof TimeIsUp ? notInTime(starter, launched, reason) : reason;
    for (const pod of launched) void pod?.lifeline?.cut();
  };
  if (either.aborted) {
    giveUp();
    throw cause;
  }
  either.addEventListener('abort', giveUp, { once: true });
  const settled = await Promise.allSettled(
    members.map(async (_, place) => {
      const onLaunched = (pod: RunningPod): void => {
        launched[place] = pod;
        if (either.aborted) void pod.lifeline?.cut();
      };
      try {
        return await guarded(root, () => start(place, podName(place), room, { signal: either, onLaunched, gate }));
      } catch (error) {
        hasFailed.abort(error);
        throw error;
      }
    }),
  );
  either.removeEventListener('abort', giveUp);
  const started = settled.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  if (started.length === members.length && !either.aborted) return started;
  await cutAll(started);
  throw cause;
}

export async function cutAll(pods: readonly RunningPod[]): Promise<void> {
  await Promise.all(pods.flatMap(({ lifeline }) => (lifeline ? [lifeline.cut()] : [])));
}

/** Describes the pods while they still exist. */
function notInTime({ members, root }: Start, launched: readonly RunningPod[], { message }: TimeIsUp): PodError {
  const pods = members.flatMap((name, place) => (launched[place] ? [described(name, root, launched[place])] : []));
  const what = `wait for the apps of ${members.map((name) => `pod "${name}"`).join(', ')} to start: ${message}`;
  return new PodError('pod/timeout', [what, ...describeLate(pods)].join('\n'));
}

/** A pod just launched has no logs yet, and a pod that has just ended may be removed during the read. */
function describeLate(pods: readonly DescribedPod[]): string[] {
  try {
    const late = pods.filter((pod) => pod.status()?.apps.some(({ state }) => state === 'waiting'));
    return late.length > 0
      ? [
          describePods(
            late.map((pod) => ({ pod })),
            { stayUp: false },
          ),
        ]
      : [];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function described(name: string, root: string, { name: podName, uuid, path, apps }: RunningPod): DescribedPod {
  const store = new PodStore(root);
  return {
    name,
    podName,
    store,
    apps,
    status: () => readStatus(store, uuid),
    logs: () => wherever(store, uuid, (at = path) => readLogs(at, apps)),
  };
}
