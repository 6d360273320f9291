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
  /** The probes that have been tried since the app's last start. */
  readonly probes: readonly ProbeStatus[];
  /** The host's. */
  readonly pid: number | null;
  readonly exitCode: number | null;
  readonly signal: number | null;
  readonly oomKilled: boolean;
  /** The live or start probe for which it was stopped, and why it failed. */
  readonly failedProbe: string | null;
  readonly restarts: number;
  /** Why it waits: its pause before a restart is not over. Why it never ran: an app it waits for has failed. */
  readonly reason: 'back-off' | 'dependency-failed' | 'gave-up' | null;
  /** When its pause is over. */
  readonly nextStartAt: string | null;
  /** The last failure of each of its hooks. */
  readonly hookFailures: readonly HookFailure[];
  /** How it ended the last time, whatever came after. */
  readonly lastExit: AppEnd | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly image: { readonly ref: string; readonly digest: string };
  /** Output that was not logged. */
  readonly logDropped: Dropped;
}

export interface AppSources {
  readonly uuid: string;
  readonly record: PodRecord | undefined;
  readonly events: readonly PodEvent[];
  readonly final: FinalStatus | undefined;
  readonly state: string;
  readonly mountPoints: readonly string[];
  /** Of a pod that has no cgroups. */
  readonly initPid: number | undefined;
  /** Output that is lost and not told in the journal, by app. */
  readonly untold: readonly Dropped[];
}

const SIGKILL = 9;
const CANNOT_START = 125;

/** The apps in manifest order, each as the journal tells it. */
export function appStatuses(sources: AppSources): AppStatus[] {
  return (sources.record?.apps ?? []).map((app, index) => appStatus(app, index, sources));
}

/** Candidates for the app's first process. */
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

/** How long the pod was paused since: its clocks stood still. */
function pausedMs(events: readonly PodEvent[], since: number): number {
  let [sum, pausedAt] = [0, 0];
  for (const { e, t } of events) {
    if (e === 'pod-paused') pausedAt = t;
    if (e === 'pod-resumed' && pausedAt >= since) sum += t - pausedAt;
  }
  return sum;
}

/** Those the journal holds no line of any more. */
function startsBefore(own: readonly AppEvent[]): number {
  return own.find((event) => event.e === 'carried')?.starts ?? 0;
}

/** What moves an app from one state to another. */
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
  // A pod that has ended starts nothing again.
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

/** An app that was running when the pod's init went did not see it end; one that was skipped has no end. */
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

/** When init goes, the kernel kills all of its pid namespace: an app nobody saw end ended then, by SIGKILL. */
function unseenEnd(final: FinalStatus | undefined): AppEnd {
  if (!final) return NO_END;
  return { ...NO_END, exitCode: 128 + SIGKILL, signal: SIGKILL, finishedAt: toTime(final.t) };
}
