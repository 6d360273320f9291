import { PodError } from '../../error.ts';
import { readRecord } from '../../pod/record.ts';
import { nearest } from '../../pod/nearest.ts';
import { PodStore } from '../../pod/store.ts';
import { chooseApps, forEachPod, someOperands } from '../arguments.ts';
import { requireRunning } from '../control.ts';
import { loadControl } from '../load-launch.ts';
import { signalName, signalNames } from '../../../linux/signals.ts';
import { appFlag, type Invocation, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'kill',
  purpose: 'Sends a signal to all apps of pods, or to one app.',
  usage: ['pod kill [-s SIG] [-a APP] POD…'],
  examples: [
    ['pod kill web', 'send SIGKILL to every app'],
    ['pod kill -s HUP -a nginx web', 'make one app reload its configuration'],
  ],
  flags: [
    { name: 'signal', short: 's', value: 'SIG', completes: 'signals', help: 'signal name or number; default SIGKILL' },
    appFlag('signal only this app'),
  ],
  completes: ['running'],
  run: kill,
};

async function kill(invocation: Invocation): Promise<number> {
  const { flags, root } = invocation;
  const text = flags.value('signal') ?? 'SIGKILL';
  const signal = signalName(text);
  if (signal === undefined) throw noSuchSignal(text);
  const app = flags.value('app');
  const store = new PodStore(root);
  const { signalPod } = await loadControl();
  await forEachPod(store, someOperands(invocation, 'POD'), async (pod) => {
    requireRunning(store, pod);
    const names = readRecord(pod.path)?.apps.map((one) => one.name) ?? [];
    if (app !== undefined) chooseApps(names, app);
    await signalPod(pod.path, app, signal);
  });
  return 0;
}

function noSuchSignal(text: string): PodError {
  const near = nearest(`SIG${text.toUpperCase().replace(/^SIG/, '')}`, signalNames());
  const hint = near === undefined ? undefined : `did you mean "${near}"?`;
  return new PodError('cli/usage', `--signal "${text}": no such signal`, { hint });
}
