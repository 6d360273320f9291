import { PodError } from '../../error.ts';
import { readRecord } from '../../pod/record.ts';
import { PodStore } from '../../pod/store.ts';
import { chooseApps, onlyOperand } from '../arguments.ts';
import { requireRunning } from '../control.ts';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from '../detach-keys.ts';
import type { AttachedApp } from '../launch-api.ts';
import { loadAttach } from '../load-launch.ts';
import { lostNote } from '../lost-note.ts';
import { isTerminal } from '../terminal.ts';
import type { Invocation, Verb } from '../verb.ts';

const SIGKILL = 9;

export const verb: Verb = {
  name: 'attach',
  purpose: 'Shows what an app writes from now on, sends it what is typed, and exits with its code.',
  usage: ['pod attach [-a APP] [--no-stdin] [--detach-keys KEYS] POD'],
  examples: [
    ['pod attach shell', 'the terminal of the first app; ^P^Q leaves it'],
    ['pod attach -a db --no-stdin web', 'watch one app'],
    ['pod attach --detach-keys ctrl-] shell', 'other keys to leave by'],
  ],
  flags: [
    { name: 'app', short: 'a', value: 'APP', help: "this app; without it the pod's first" },
    { name: 'no-stdin', help: 'send it nothing' },
    {
      name: 'detach-keys',
      value: 'KEYS',
      help: `leave an app with a terminal by them; ${DEFAULT_DETACH_KEYS} without it`,
    },
  ],
  notes: [
    'An app that has a terminal is shown on the one of the caller. One that has none is shown on standard output and error, and is',
    'sent standard input if it was started by pod run -d -i; its end there does not close the input of the app.',
    'Signals are for pod attach, not for the app: ^C ends the former. In a terminal ^C is a key like any other, for the app.',
    'An app that is started again keeps its clients. No client holds up an app: what one is too slow for is lost to it.',
  ],
  completes: 'pods',
  run: attach,
};

async function attach(invocation: Invocation): Promise<number> {
  const { flags, root, terminal } = invocation;
  const detachKeys = parseDetachKeys(flags.value('detach-keys') ?? DEFAULT_DETACH_KEYS);
  const store = new PodStore(root);
  const pod = store.find(onlyOperand(invocation, 'POD'));
  requireRunning(store, pod);
  const app = flags.value('app');
  if (app !== undefined) chooseApps(readRecord(pod.path)?.apps.map((one) => one.name) ?? [], app);
  const isInteractive = !flags.has('no-stdin');
  const client = await (await loadAttach())(pod.path, app);
  requireTerminal(client, isInteractive);
  // With it come node:net and node:tty, which cost as much as all the rest.
  const { beClient } = await import('../app-client.ts');
  const { endHungUp, terminalSize } = await import('../raw-terminal.ts');
  const size = client.isTerminal ? terminalSize() : undefined;
  if (size) {
    // A size that changes makes a program draw its screen again.
    client.resize({ ...size, rows: size.rows + 1 });
    client.resize(size);
  }
  const result = await beClient(client, { isInteractive, detachKeys });
  if (result.how === 'hangup') return endHungUp();
  if (result.how === 'detached') {
    terminal.err('\ndetached\n');
    return 0;
  }
  terminal.err(lostNote(result.end?.lostBytes ?? 0));
  // Without a last word the pod ended, and took the app with it.
  return result.end?.exitCode ?? 128 + SIGKILL;
}

function requireTerminal(client: AttachedApp, isInteractive: boolean): void {
  if (!client.isTerminal || !isInteractive || isTerminal(0)) return;
  client.close();
  throw new PodError('cli/usage', 'the app has a terminal, and standard input is not one', {
    hint: '--no-stdin shows its output only',
  });
}
