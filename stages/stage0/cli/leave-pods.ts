import type { AppStatus } from '../pod/app-status.ts';
import { readStatus } from '../pod/status.ts';
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
  const codes = await Promise.all(pods.map((pod) => tellLost(terminal, root, pod)));
  return codes.find((code) => code !== 0) ?? 0;
}

/**
 * Whoever leaves a pod to itself is told of apps that have not started, for good or until init tries again. The result is the pod's
 * exit code when it has come to nothing else, 0 when others run.
 */
async function tellLost(terminal: Terminal, root: string, pod: RunningPod): Promise<number> {
  const store = new PodStore(root);
  const apps = readStatus(store, pod.uuid)?.apps ?? [];
  if (!apps.some(isLost)) return 0;
  const isOver = apps.every(({ state }) => state === 'exited');
  const exitCode = isOver ? (await pod.exit).exitCode : 0;
  const path = store.locate(pod.uuid)?.path;
  for (const line of path === undefined ? [] : troubleLines(path)) terminal.err(`${line}\n`);
  return exitCode;
}

function isLost({ state, startedAt, reason }: AppStatus): boolean {
  return startedAt === null && (state === 'exited' || reason === 'back-off');
}
