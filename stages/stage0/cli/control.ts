import { PodError } from '../error.ts';
import { isLocked } from '../pod/lock.ts';
import type { PodDir, PodStore } from '../pod/store.ts';
import { hasEnded, waitForPod } from '../pod/wait.ts';
import { buryIfLeft } from './bury.ts';
import { loadControl } from './load-launch.ts';

/** Stops the pod and resolves when it has ended. Stopping one that has ended already is no error. */
export async function stopAndWait(store: PodStore, pod: PodDir, graceMs: number | undefined): Promise<void> {
  if (hasEnded(store, pod.uuid)) return;
  requireRunning(store, pod);
  const { stopPod } = await loadControl();
  await stopPod(pod.path, { graceMs });
  await waitForPod(store, pod.uuid, 'exit');
  await buryIfLeft(store, pod.uuid);
}

/** An init that was stopped, or that lost its socket, answers nobody. */
const ANSWER_MS = 5000;

/** Kills the pod if it runs and resolves when it has ended: asks its init first, and kills that too when it does not answer. */
export async function killPod(store: PodStore, pod: PodDir): Promise<void> {
  if (pod.state !== 'run') return;
  const limit = setTimeout(() => void killProcesses(pod), ANSWER_MS);
  try {
    await stopAndWait(store, pod, 0);
  } catch (error) {
    if (!(error instanceof PodError)) throw error;
    // It ended before it answered, or never will.
    if (!hasEnded(store, pod.uuid)) await endByForce(store, pod);
  } finally {
    clearTimeout(limit);
  }
}

async function endByForce(store: PodStore, pod: PodDir): Promise<void> {
  await killProcesses(pod);
  await waitForPod(store, pod.uuid, 'exit');
  await buryIfLeft(store, pod.uuid);
}

async function killProcesses(pod: PodDir): Promise<void> {
  const [{ killCgroups }, { readLedger }] = await Promise.all([
    import('../cgroup/undo.ts'),
    import('../pod/ledger.ts'),
  ]);
  killCgroups(
    readLedger(pod.path).flatMap(({ kind, path }) => (kind === 'cgroup' && typeof path === 'string' ? path : [])),
  );
}

export function requireRunning(store: PodStore, pod: PodDir): void {
  if (pod.state === 'run' && isLocked(pod.path)) return;
  const state = pod.state === 'run' || pod.state === 'exited' ? 'it has exited' : `it is in "${pod.state}"`;
  throw new PodError('pod/state', `talk to pod ${pod.uuid}: ${state}`, { hint: 'pod ps lists the pods that run' });
}
