import { existsSync } from 'node:fs';
import { PodError } from '../error.ts';
import { findHeld } from '../pod/held.ts';
import { POD_FILES } from '../pod/layout.ts';
import { isLocked } from '../pod/lock.ts';
import type { PodDir, PodStore } from '../pod/store.ts';
import { hasEnded, waitForPod, watchPod } from '../pod/wait.ts';
import { buryIfLeft } from './bury.ts';
import { loadControl } from './load-launch.ts';

/** From init's last word to its end. */
const END_MS = 1000;

/** Stops the pod and resolves when it has ended. Stopping one that has ended already is no error. */
export async function stopAndWait(store: PodStore, pod: PodDir, graceMs: number | undefined): Promise<void> {
  if (hasEnded(store, pod.uuid)) return;
  if (pod.state !== 'run') requireRunning(store, pod);
  const { stopPod } = await loadControl();
  try {
    await stopPod(pod.path, { graceMs });
  } catch (error) {
    // It was at its end when it was asked.
    if (!(error instanceof PodError) || !(await endsSoon(store, pod.uuid))) throw error;
  }
  await waitForPod(store, pod.uuid, 'exit');
  await buryIfLeft(store, pod.uuid);
  await disconnectIfLeft(store, pod.uuid);
}

/** Whoever stopped a pod may start one in its place, with its ports. */
async function disconnectIfLeft(store: PodStore, uuid: string): Promise<void> {
  const pod = store.locate(uuid);
  if (!pod || !existsSync(`${pod.path}/${POD_FILES.cni}`)) return;
  const { disconnect } = await import('../gc/disconnect.ts');
  await disconnect(store.root, uuid);
}

function endsSoon(store: PodStore, uuid: string): Promise<boolean> {
  return watchPod(store, uuid, () => hasEnded(store, uuid), { timeoutMs: END_MS });
}

/** An init that was stopped, or that lost its socket, answers nobody. */
const ANSWER_MS = 5000;

/** Kills the pod if it runs and resolves when it has ended: asks its init first, and kills that too when it does not answer. */
export async function killPod(store: PodStore, found: PodDir): Promise<void> {
  const pod = await whenLaunched(store, found);
  if (pod?.state !== 'run') return;
  let limit: NodeJS.Timeout | undefined;
  // When all processes are killed, stopping comes to its end; when they cannot be, nobody has to wait for that.
  const refused = new Promise<never>((_, reject) => {
    limit = setTimeout(() => void killProcesses(pod).catch(reject), ANSWER_MS);
  });
  try {
    await Promise.race([stopAndWait(store, pod, 0), refused]);
  } catch (error) {
    if (!(error instanceof PodError)) throw error;
    // It ended before it answered, or never will.
    if (!hasEnded(store, pod.uuid)) await endByForce(store, pod);
  } finally {
    clearTimeout(limit);
  }
}

const LAUNCH_LOOK_MS = 2;

/** One that is on its way to run can be killed when it is there; undefined when it is gone. */
async function whenLaunched(store: PodStore, { uuid }: PodDir): Promise<PodDir | undefined> {
  const deadlineMs = performance.now() + ANSWER_MS;
  for (;;) {
    const found = findHeld(store, uuid);
    if (found?.pod.state !== 'prepare' || !found.isHeld || performance.now() >= deadlineMs) return found?.pod;
    await new Promise((resolve) => setTimeout(resolve, LAUNCH_LOOK_MS));
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
  const cgroups = readLedger(pod.path).flatMap(({ kind, path }) =>
    kind === 'cgroup' && typeof path === 'string' ? path : [],
  );
  killCgroups(cgroups);
  if (cgroups.length > 0) return;
  const { killInit } = await import('../launch/kill-init.ts');
  killInit(pod.path);
}

export function requireRunning(store: PodStore, pod: PodDir): void {
  if (pod.state === 'run' && isLocked(pod.path)) return;
  const state = pod.state === 'run' || pod.state === 'exited' ? 'it has exited' : `it is in "${pod.state}"`;
  throw new PodError('pod/state', `talk to pod ${pod.uuid}: ${state}`, { hint: 'pod ps lists the pods that run' });
}
