import { type FinalStatus, type PodEvent, toTime } from './events.ts';
import { findHostPid, listAppPids } from './host-pids.ts';
import type { AppRecord, PodRecord } from './record.ts';

export interface AppStatus {
  readonly name: string;
  readonly state: 'waiting' | 'running' | 'exited';
  readonly ready: boolean;
  /** The host's. */
  readonly pid: number | null;
  readonly exitCode: number | null;
  readonly signal: number | null;
  readonly oomKilled: boolean;
  readonly restarts: number;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
  readonly image: { readonly ref: string; readonly digest: string };
}

export interface AppSources {
  readonly uuid: string;
  readonly record: PodRecord | undefined;
  readonly events: readonly PodEvent[];
  readonly final: FinalStatus | undefined;
  readonly state: string;
  readonly mountPoints: readonly string[];
}

const SIGKILL = 9;
const CANNOT_START = 125;

/** The apps in manifest order, each as the journal tells it. */
export function appStatuses(sources: AppSources): AppStatus[] {
  return (sources.record?.apps ?? []).map((app) => appStatus(app, sources));
}

function appStatus(app: AppRecord, sources: AppSources): AppStatus {
  const own = sources.events.filter((event) => 'app' in event && event.app === app.name);
  const starts = own.filter((event) => event.e === 'app-started');
  const started = starts.at(-1);
  const ended = own.findLast((event) => event.e === 'app-exited' || event.e === 'app-failed');
  const isOver = ended !== undefined && own.lastIndexOf(ended) > (started ? own.lastIndexOf(started) : -1);
  const isSkipped = own.some((event) => event.e === 'app-skipped');
  const state = isSkipped ? 'exited' : appState(started !== undefined, isOver, sources.state);
  const pids = state === 'running' ? listAppPids(sources.uuid, app.name, sources.mountPoints) : [];
  return {
    name: app.name,
    state,
    ready: state === 'running',
    pid: started && state === 'running' ? (findHostPid(pids, started.pid) ?? null) : null,
    ...(isOver ? endOf(ended) : state === 'exited' && !isSkipped ? unseenEnd(sources.final) : NO_END),
    restarts: Math.max(0, starts.length - 1),
    startedAt: started ? toTime(started.t) : null,
    image: app.image,
  };
}

function appState(isStarted: boolean, isOver: boolean, podState: string): AppStatus['state'] {
  if (isOver) return 'exited';
  if (!isStarted) return 'waiting';
  return podState === 'running' ? 'running' : 'exited';
}

type End = Pick<AppStatus, 'exitCode' | 'signal' | 'oomKilled' | 'finishedAt'>;

const NO_END: End = { exitCode: null, signal: null, oomKilled: false, finishedAt: null };

function endOf(event: PodEvent): End {
  const finishedAt = toTime(event.t);
  if (event.e === 'app-failed') return { ...NO_END, exitCode: event.code ?? CANNOT_START, finishedAt };
  if (event.e !== 'app-exited') return NO_END;
  const signal = event.signal === 0 ? null : event.signal;
  return { exitCode: signal === null ? event.code : 128 + signal, signal, oomKilled: event.oom !== 0, finishedAt };
}

/** When init goes, the kernel kills all of its pid namespace: an app nobody saw end ended then, by SIGKILL. */
function unseenEnd(final: FinalStatus | undefined): End {
  if (!final) return NO_END;
  return { exitCode: 128 + SIGKILL, signal: SIGKILL, oomKilled: false, finishedAt: toTime(final.t) };
}
