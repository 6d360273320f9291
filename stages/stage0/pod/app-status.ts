import { type FinalStatus, type PodEvent, toTime } from './events.ts';
import { type Dropped, droppedOf } from './dropped.ts';
import { hookFailures, type HookFailure } from './hook-failures.ts';
import { findHostPid, listAppPids } from './host-pids.ts';
import { failedProbeOf, isReady, type ProbeStatus, probeStatuses } from './probe-status.ts';
import { childrenOf } from './process-tree.ts';
import type { AppRecord, PodRecord } from './record.ts';

export interface AppStatus {
  readonly name: string;
  readonly state: 'waiting' | 'running' | 'exited';
  readonly ready: boolean;
  /** The probes that have run since the app's last start. */
  readonly probes: readonly ProbeStatus[];
  /** The pid on the host. */
  readonly pid: number | null;
  readonly exitCode: number | null;
  readonly signal: number | null;
  readonly oomKilled: boolean;
  /** The live or start probe that caused the app to be stopped, and why the probe failed. */
  readonly failedProbe: string | null;
  readonly restarts: number;
  /**
   * `back-off`: the app waits for the end of its pause before a restart. `dependency-failed`: it never ran, because an app it waits
   * for failed. `gave-up`: it failed too often.
   */
  readonly reason: 'back-off' | 'dependency-failed' | 'gave-up' | null;
  /** When the pause ends. */
  readonly nextStartAt: string | null;
  /** The last failure of each of the app's hooks. */
  readonly hookFailures: readonly HookFailure[];
  /** How the app last ended, whatever happened since. */
  readonly lastExit: AppEnd | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly image: { readonly ref: string; readonly digest: string };
  /** Output that was not written to the log. */
  readonly logDropped: Dropped;
}

export interface AppSources {
  readonly uuid: string;
  readonly record: PodRecord | undefined;
  readonly events: readonly PodEvent[];
  readonly final: FinalStatus | undefined;
  readonly state: string;
  readonly mountPoints: readonly string[];
  /** Set for a pod without cgroups. */
  readonly initPid: number | undefined;
  /** Lost output that the journal does not report, by app. */
  readonly untold: readonly Dropped[];
}

const SIGKILL = 9;
/** The exit code of what pod could not start. */
export const CANNOT_START = 125;

/** The status of each app according to the journal, in manifest order. */
export function appStatuses(sources: AppSources): AppStatus[] {
  return (sources.record?.apps ?? []).map((app, index) => appStatus(app, index, sources));
}

/** Processes among which the app's first process is found. */
function processesOf({ name }: AppRecord, { uuid, mountPoints, initPid }: AppSources): number[] {
  const own = listAppPids(uuid, name, mountPoints);
  return own.length === 0 && initPid !== undefined ? childrenOf(initPid) : own;
}

type AppEvent = Extract<PodEvent, { readonly app: string }>;

function appStatus(app: AppRecord, index: number, sources: AppSources): AppStatus {
  const own = sources.events.filter((event): event is AppEvent => 'app' in event && event.app === app.name);
  const starts = own.filter((event) => event.e === 'app-started');
  const started = starts.at(-1);
  const turn = own.findLast(({ e }) => TURNS.has(e));
  const end = own.findLast((event) => event.e === 'app-exited' || event.e === 'app-failed');
  const state = appState(turn, sources.state);
  const pids = state === 'running' ? processesOf(app, sources) : [];
  return {
    name: app.name,
    state,
    ready: state === 'running' && isReady(own),
    probes: probeStatuses(own),
    pid: started && state === 'running' ? (findHostPid(pids, started.pid) ?? null) : null,
    ...(state === 'exited' ? endOfExited(turn, end, own, sources.final) : NO_END),
    restarts: Math.max(0, startsBefore(own) + starts.length - 1),
    reason: reasonOf(turn, state),
    nextStartAt:
      state === 'waiting' && turn?.e === 'app-backoff'
        ? toTime(turn.t + turn.ms + pausedMs(sources.events, turn.t))
        : null,
    lastExit: end ? endOf(end, own) : null,
    hookFailures: hookFailures(own, app),
    startedAt: started ? toTime(started.t) : null,
    image: app.image,
    logDropped: droppedOf(own, app.name, sources.untold[index]),
  };
}

/** How long the pod was paused since then; its clocks stood still meanwhile. */
function pausedMs(events: readonly PodEvent[], since: number): number {
  let [sum, pausedAt] = [0, 0];
  for (const { e, t } of events) {
    if (e === 'pod-paused') pausedAt = t;
    if (e === 'pod-resumed' && pausedAt >= since) sum += t - pausedAt;
  }
  return sum;
}

/** The number of starts whose lines are no longer in the journal. */
function startsBefore(own: readonly AppEvent[]): number {
  return own.find((event) => event.e === 'carried')?.starts ?? 0;
}

/** The events that change an app's state. */
const TURNS: ReadonlySet<string> = new Set([
  'app-started',
  'app-skipped',
  'app-exited',
  'app-failed',
  'app-waiting',
  'app-backoff',
  'app-given-up',
]);

function appState(turn: AppEvent | undefined, podState: string): AppStatus['state'] {
  if (turn === undefined) return 'waiting';
  if (turn.e === 'app-started') return podState === 'running' ? 'running' : 'exited';
  // An ended pod restarts no app.
  if (turn.e === 'app-backoff' || turn.e === 'app-waiting') return podState === 'running' ? 'waiting' : 'exited';
  return 'exited';
}

function reasonOf(turn: AppEvent | undefined, state: AppStatus['state']): AppStatus['reason'] {
  if (turn?.e === 'app-backoff') return state === 'waiting' ? 'back-off' : null;
  if (turn?.e === 'app-given-up') return 'gave-up';
  return turn?.e === 'app-skipped' && turn.because !== undefined ? 'dependency-failed' : null;
}

export type AppEnd = Pick<AppStatus, 'exitCode' | 'signal' | 'oomKilled' | 'failedProbe' | 'finishedAt'>;

const NO_END: AppEnd = { exitCode: null, signal: null, oomKilled: false, failedProbe: null, finishedAt: null };

/** The end of an app that was running when init died was not recorded; a skipped app has no end. */
function endOfExited(
  turn: AppEvent | undefined,
  end: AppEvent | undefined,
  own: readonly AppEvent[],
  final: FinalStatus | undefined,
): AppEnd {
  if (turn?.e === 'app-skipped' || (turn?.e === 'app-waiting' && !end)) return NO_END;
  return turn?.e === 'app-started' || !end ? unseenEnd(final) : endOf(end, own);
}

function endOf(event: AppEvent, own: readonly AppEvent[]): AppEnd {
  const finishedAt = toTime(event.t);
  if (event.e === 'app-failed') return { ...NO_END, exitCode: event.code ?? CANNOT_START, finishedAt };
  if (event.e !== 'app-exited') return NO_END;
  const signal = event.signal === 0 ? null : event.signal;
  const failedProbe = event.unhealthy === 1 ? failedProbeOf(own.slice(0, own.lastIndexOf(event))) : null;
  const exitCode = signal === null ? event.code : 128 + signal;
  return { exitCode, signal, oomKilled: event.oom !== 0, failedProbe, finishedAt };
}

/** When init dies, the kernel kills its whole pid namespace. So an app without a recorded end ended then, by SIGKILL. */
function unseenEnd(final: FinalStatus | undefined): AppEnd {
  if (!final) return NO_END;
  return { ...NO_END, exitCode: 128 + SIGKILL, signal: SIGKILL, finishedAt: toTime(final.t) };
}
