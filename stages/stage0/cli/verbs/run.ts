import { exitAtOnce } from '../../../linux/exit.ts';
import { PodError } from '../../error.ts';
import type { ClientWants } from '../app-client.ts';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from '../detach-keys.ts';
import { requireTerminal } from '../require-terminal.ts';
import { durationFlag, onlyOperand } from '../arguments.ts';
import { runForeground } from '../foreground.ts';
import { loadRun } from '../load-launch.ts';
import { readManifestFile } from '../manifest-file.ts';
import { newProgress } from '../progress.ts';
import { renderWarning } from '../report.ts';
import { Timings } from '../timings.ts';
import type { Invocation, Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'run',
  purpose: "Runs a manifest: shows what the apps write and exits with the app's code.",
  usage: ['pod run [-d] [--rm] [--name N] [--id-file F] [--net MODE] [-i] [--timeout DUR] [--timings] FILE|-'],
  examples: [
    ['pod run hello.pod.yaml', 'run, show the output, exit as the app did'],
    ['pod run -d web.pod.yaml', 'in the background: prints the uuid when all apps have started'],
    ['pod run --rm --net none job.pod.yaml', 'without a network, and nothing left afterwards'],
    ['pod run - < job.pod.yaml', 'the manifest from standard input'],
  ],
  flags: [
    { name: 'detach', short: 'd', help: 'print the uuid when all apps have started, and leave the pod running' },
    { name: 'rm', help: 'remove the pod when it has exited; with -d the next pod gc does' },
    { name: 'name', value: 'N', help: "instead of the manifest's name" },
    { name: 'id-file', value: 'F', help: 'write the uuid to F' },
    {
      name: 'net',
      value: 'MODE',
      values: ['bridge', 'none', 'host'],
      help: "instead of the manifest's network: bridge, none, host",
    },
    { name: 'interactive', short: 'i', help: 'connect standard input to the first app; with -d, keep its input open' },
    { name: 'tty', short: 't', help: 'give the first app a terminal, as tty: true in the manifest does' },
    {
      name: 'detach-keys',
      value: 'KEYS',
      help: `with -i and a terminal: leave the pod running by them; ${DEFAULT_DETACH_KEYS} without it`,
    },
    { name: 'timeout', value: 'DUR', help: 'stop the pod after DUR and exit 125' },
    { name: 'timings', help: 'show on standard error how long each phase took' },
  ],
  notes: [
    'Exit codes: 125 pod itself failed (usage and manifest errors too), 126 a command cannot be executed, 127 a command does',
    "not exist, 128+N an app was killed by signal N, otherwise the app's own; of several apps, the first that is not 0.",
    '^C stops the pod gracefully; a second one kills it. So does the end of whoever reads the output.',
  ],
  completes: 'files',
  end: (flags) => (flags.has('interactive') || flags.has('tty') ? undefined : exitAtOnce),
  run,
};

async function run(invocation: Invocation): Promise<number> {
  const { flags, root, terminal, isQuiet } = invocation;
  const isDetached = flags.has('detach');
  const client = clientWants(invocation);
  const timeoutMs = durationFlag(invocation, 'timeout');
  if (timeoutMs !== undefined && isDetached) throw new PodError('cli/usage', '--timeout does not go with -d');
  const timings = new Timings();
  const file = readManifestFile(onlyOperand(invocation, 'FILE'));
  const progress = newProgress(invocation);
  const launch = {
    manifest: { ...file, name: flags.value('name'), network: flags.value('net') },
    start: await loadRun(),
    options: {
      root,
      baseDir: file.baseDir,
      stdin: flags.has('interactive'),
      tty: flags.has('tty'),
      isDetached,
      autoRemove: flags.has('rm'),
      ownsProcess: true,
      onProgress: progress.show,
      onPhase: (phase: string): void => timings.start(phase),
      onWarning: (warning: Error): void => (isQuiet ? undefined : terminal.err(renderWarning(terminal, warning))),
    },
    idFile: flags.value('id-file'),
    client,
    timeoutMs,
  };
  timings.start('launch');
  const exitCode = await runForeground(invocation, launch, timings, progress);
  if (flags.has('timings')) terminal.err(timings.render(terminal));
  return exitCode;
}

/** Both together are for a person: a script that asks for them would wait for ever. */
function clientWants({ flags }: Invocation): ClientWants {
  const isInteractive = flags.has('interactive');
  const detachKeys = parseDetachKeys(flags.value('detach-keys') ?? DEFAULT_DETACH_KEYS);
  if (isInteractive && flags.has('tty') && !flags.has('detach')) requireTerminal();
  return { isInteractive, detachKeys };
}
