import { PodError } from '../../error.ts';
import { readEvents } from '../../pod/events.ts';
import { readRecord } from '../../pod/record.ts';
import { type PodDir, PodStore } from '../../pod/store.ts';
import { hasEnded, watchPod } from '../../pod/wait.ts';
import { chooseApps, durationFlag, forEachPod, someOperands } from '../arguments.ts';
import { requireRunning } from '../control.ts';
import { loadControl } from '../load-launch.ts';
import type { Invocation, Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'restart',
  purpose: 'Stops all apps of pods gracefully, or one app, and starts them again. Returns when they have started.',
  usage: ['pod restart [-a APP] [--grace DUR] POD…'],
  examples: [
    ['pod restart web', 'all apps, in the order of their dependencies'],
    ['pod restart -a nginx web', 'one app; the others run on'],
  ],
  flags: [
    { name: 'app', short: 'a', value: 'APP', help: 'only this app' },
    { name: 'grace', value: 'DUR', help: "instead of the manifest's grace periods; 0 kills at once" },
  ],
  completes: 'pods',
  run: restart,
};

async function restart(invocation: Invocation): Promise<number> {
  const store = new PodStore(invocation.root);
  const app = invocation.flags.value('app');
  const graceMs = durationFlag(invocation, 'grace');
  const { restartPod } = await loadControl();
  await forEachPod(store, someOperands(invocation, 'POD'), async (pod) => {
    requireRunning(store, pod);
    const apps = chooseApps(readRecord(pod.path)?.apps.map(({ name }) => name) ?? [], app);
    const before = countStarts(pod);
    await restartPod(pod.path, app, graceMs);
    const isDone = (): boolean => apps.every((name) => (countStarts(pod).get(name) ?? 0) > (before.get(name) ?? 0));
    await watchPod(store, pod.uuid, () => isDone() || hasDied(store, pod), {});
  });
  return 0;
}

/** How often each app has been started or has failed to, or was skipped. */
function countStarts(pod: PodDir): Map<string, number> {
  const counts = new Map<string, number>();
  for (const event of readEvents(pod.path)) {
    if (event.e !== 'app-started' && event.e !== 'app-failed' && event.e !== 'app-skipped') continue;
    counts.set(event.app, (counts.get(event.app) ?? 0) + 1);
  }
  return counts;
}

function hasDied(store: PodStore, pod: PodDir): boolean {
  if (!hasEnded(store, pod.uuid)) return false;
  throw new PodError('pod/died', `restart pod ${pod.uuid}: it ended before its apps had started again`);
}
