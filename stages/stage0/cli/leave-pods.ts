import type { AppStatus } from '../pod/app-status.ts';
import { readRecord } from '../pod/record.ts';
import { podExitCode, readStatus } from '../pod/status.ts';
import { PodStore } from '../pod/store.ts';
import { troubleLines } from '../pod/trouble.ts';
import type { RunningPod } from './launch-api.ts';
import type { Terminal } from './terminal.ts';

/** Leaves pods in the background to themselves, whose uuids are the result; `onUntold` is called when nobody can be told of them. */
export async function leavePods(
  terminal: Terminal,
  root: string,
  pods: readonly RunningPod[],
  onUntold?: () => void,
): Promise<number> {
  try {
    terminal.out(pods.map(({ uuid }) => `${uuid}\n`).join(''));
  } catch (error) {
    const { takeBackUntold } = await import('./untold.ts');
    await takeBackUntold(terminal, root, pods);
    onUntold?.();
    throw error;
  }
  const codes = await Promise.all(pods.map((pod) => tellUnstarted(terminal, root, pod)));
  return codes.find((code) => code !== 0) ?? 0;
}

/**
 * Whoever leaves a pod to itself is told of apps that have not started, for good or until init tries again. The result is the pod's
 * exit code, as far as it is known, if an app will never start; otherwise 0.
 */
async function tellUnstarted(terminal: Terminal, root: string, pod: RunningPod): Promise<number> {
  const store = new PodStore(root);
  const apps = readStatus(store, pod.uuid)?.apps ?? [];
  if (!apps.some(({ state, startedAt, reason }) => startedAt === null && (state === 'exited' || reason === 'back-off')))
    return 0;
  const exitCode = apps.every(({ state }) => state === 'exited')
    ? (await pod.exit).exitCode
    : codeSoFar(store, pod, apps);
  const path = store.locate(pod.uuid)?.path;
  for (const line of path === undefined ? [] : troubleLines(path)) terminal.err(`${line}\n`);
  return exitCode;
}

/** Init tries to start again what is in its back-off: only an app that will never start counts. */
function codeSoFar(store: PodStore, { uuid }: RunningPod, apps: readonly AppStatus[]): number {
  if (!apps.some(({ state, startedAt }) => state === 'exited' && startedAt === null)) return 0;
  const path = store.locate(uuid)?.path;
  return podExitCode(apps, path === undefined ? undefined : readRecord(path), undefined) ?? 0;
}
