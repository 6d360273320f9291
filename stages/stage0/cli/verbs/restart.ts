import { PodError } from '../../error.ts';
import { readRecord } from '../../pod/record.ts';
import { type PodDir, PodStore } from '../../pod/store.ts';
import { hasEnded, watchPod } from '../../pod/wait.ts';
import { chooseApps, forEachPod, someOperands, waitFlag } from '../arguments.ts';
import { requireRunning } from '../control.ts';
import { Starts } from '../starts.ts';
import { loadControl } from '../load-launch.ts';
import { appFlag, type Invocation, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'restart',
  purpose: 'Stops all apps of pods, or one app, gracefully and starts them again. Returns when they have started.',
  usage: ['pod restart [-a APP] [--grace DUR] POD…'],
  examples: [
    ['pod restart web', 'restart all apps, in the order of their dependencies'],
    ['pod restart -a nginx web', 'restart one app; the others keep running'],
  ],
  flags: [
    appFlag('restart only this app'),
    { name: 'grace', value: 'DUR', help: 'use DUR instead of the grace periods of the manifest; 0 kills at once' },
  ],
  completes: ['running'],
  run: restart,
};

async function restart(invocation: Invocation): Promise<number> {
  const store = new PodStore(invocation.root);
  const app = invocation.flags.value('app');
  const graceMs = waitFlag(invocation, 'grace');
  const { restartPod } = await loadControl();
  await forEachPod(store, someOperands(invocation, 'POD'), async (pod) => {
    requireRunning(store, pod);
    const apps = chooseApps(readRecord(pod.path)?.apps.map(({ name }) => name) ?? [], app);
    using starts = new Starts(pod, apps);
    await restartPod(pod.path, app, graceMs);
    starts.begin();
    await watchPod(store, pod.uuid, () => starts.areAll() || hasDied(store, pod), {});
    starts.requireStarted();
  });
  return 0;
}

function hasDied(store: PodStore, pod: PodDir): boolean {
  if (!hasEnded(store, pod.uuid)) return false;
  throw new PodError('pod/died', `restart pod ${pod.uuid}: it ended before its apps had started again`);
}
