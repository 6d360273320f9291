import type { AppStatus } from '../pod/app-status.ts';
import { defaultRoot } from '../pod/layout.ts';
import type { LogEntry } from '../library/logs.ts';
import type { PodStatus } from '../pod/status.ts';
import type { PodStore } from '../pod/store.ts';

/** The data that a report needs about a pod. */
export interface DescribedPod {
  /** The name in its manifest. */
  readonly name: string;
  /** The name that `pod ps` shows. */
  readonly podName: string;
  readonly store: PodStore;
  readonly apps: readonly string[];
  readonly status: () => PodStatus | undefined;
  readonly logs: () => LogEntry[];
}

export interface FailedWait {
  readonly pod: DescribedPod;
  /** The result of the last try. */
  readonly last?: string;
}

const LINES = 20;
const LINE_LENGTH = 2000;

/**
 * What a person looks at first: states, probes, exits and the last log lines. For pods that stay up, also the commands that show
 * more.
 */
export function describePods(waits: readonly FailedWait[], { stayUp }: { readonly stayUp: boolean }): string {
  return waits.flatMap((wait) => describePod(wait, stayUp)).join('\n');
}

function describePod({ pod, last }: FailedWait, staysUp: boolean): string[] {
  const status = pod.status();
  if (!status) return [`  pod "${pod.name}" was removed`];
  return [
    `  pod "${pod.name}" (${pod.podName}) is ${status.state}${status.exitCode === null ? '' : `, exit code ${status.exitCode}`}`,
    ...(last === undefined ? [] : [`    last try: ${last}`]),
    ...status.apps.flatMap(describeApp),
    ...lastLines(pod),
    ...(staysUp ? [`    to look further: ${commandsFor(pod).join('; ')}`] : []),
  ];
}

function describeApp(app: AppStatus): string[] {
  const { state, ready, reason, restarts, probes, hookFailures, lastExit } = app;
  const notes = [
    state === 'running' ? (ready ? 'ready' : 'not ready') : undefined,
    reason ?? undefined,
    restarts > 0 ? `restarted ${restarts} times` : undefined,
    state === 'exited' ? endOf(app) : undefined,
    lastExit && state !== 'exited' ? `last time ${endOf(lastExit)}` : undefined,
  ].filter((note) => note !== undefined);
  return [
    `    app "${app.name}" is ${[state, ...notes].join(', ')}`,
    ...hookFailures.map(({ hook, problem }) => `      hook ${hook}: ${problem}`),
    ...probes.map(
      ({ probe, passed, message }) => `      ${probe} probe: ${passed ? 'passed' : (message ?? 'not passed yet')}`,
    ),
  ];
}

function endOf({ exitCode, signal, oomKilled, failedProbe }: Omit<AppStatus['lastExit'] & {}, 'finishedAt'>): string {
  const how = signal === null ? `exit code ${exitCode ?? 'unknown'}` : `killed by signal ${signal}`;
  return [how, oomKilled ? 'out of memory' : undefined, failedProbe ?? undefined]
    .filter((part) => part !== undefined)
    .join(', ');
}

function lastLines(pod: DescribedPod): string[] {
  const entries = pod.logs().slice(-LINES);
  if (entries.length === 0) return ['    it has logged nothing'];
  const lines = entries.map(({ app, stream, text }) => `      ${app} ${stream}: ${shortened(text)}`);
  return [`    its last ${entries.length === 1 ? 'line' : `${entries.length} lines`}:`, ...lines];
}

function shortened(text: string): string {
  return text.length <= LINE_LENGTH ? text : `${text.slice(0, LINE_LENGTH)}…`;
}

/**
 * Commands that inspect a pod that is left up; a removed pod leaves nothing to inspect. The files of an exited pod are gone with its
 * memory.
 */
export function commandsFor(pod: DescribedPod): string[] {
  const { podName, store, apps } = pod;
  const root = store.root === defaultRoot() ? '' : ` --root ${store.root}`;
  return [
    `pod logs ${podName}${root}`,
    pod.status()?.state === 'exited'
      ? `pod status ${podName}${root}`
      : `pod exec${root} -it ${podName} -a ${apps[0] ?? ''} -- /bin/sh`,
    `pod rm --force${root} ${podName}`,
  ];
}
