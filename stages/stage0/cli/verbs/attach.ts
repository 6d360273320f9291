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
import { appFlag, type Invocation, type Verb } from '../verb.ts';

const SIGKILL = 9;

export const verb: Verb = {
  name: 'attach',
  purpose: "Shows the output of an app from now on, sends it standard input, and exits with the app's exit code.",
  usage: ['pod attach [-a APP] [--no-stdin] [--detach-keys KEYS] POD'],
  examples: [
    ['pod attach shell', 'attach to the terminal of the first app; ^P^Q detaches'],
    ['pod attach -a db --no-stdin web', 'watch the output of one app'],
    ['pod attach --detach-keys ctrl-] shell', 'use other detach keys'],
  ],
  flags: [
    appFlag('attach to this app; default: the first app of the pod'),
    { name: 'no-stdin', help: 'send no input to the app' },
    {
      name: 'detach-keys',
      value: 'KEYS',
      help: `the keys that detach from an app with a terminal; default ${DEFAULT_DETACH_KEYS}`,
    },
  ],
  notes: [
    "An app with a terminal is shown on the caller's terminal. An app without a terminal is shown on standard output and",
    'error, and gets standard input if it was started by pod run -d -i; the end of that input does not close the input of the',
    'app. Signals go to pod attach, not to the app: ^C ends pod attach. For an app with a terminal, ^C is sent to the app',
    'like any other key. Clients stay attached when the app restarts. A client never blocks the app: a client that reads too',
    'slowly loses output.',
  ],
  completes: ['running', 'nothing'],
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
