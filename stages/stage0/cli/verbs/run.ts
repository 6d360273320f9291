import { exitAtOnce } from '../../../linux/exit.ts';
import { PodError } from '../../error.ts';
import type { ClientWants } from '../app-client.ts';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from '../detach-keys.ts';
import { requireTerminal } from '../require-terminal.ts';
import { onlyOperand, waitFlag } from '../arguments.ts';
import { runForeground } from '../foreground.ts';
import { loadRun } from '../load-launch.ts';
import { readManifestFile } from '../manifest-file.ts';
import { newProgress } from '../progress.ts';
import { renderWarning } from '../report.ts';
import { frozenBy } from '../../pins/pins.ts';
import { Timings } from '../timings.ts';
import { FROZEN_FLAG, type Invocation, NET_FLAG, type Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'run',
  purpose: "Runs manifests: shows the output of the apps and exits with the app's exit code.",
  usage: [
    'pod run [-d] [--rm] [--name N] [--id-file F] [--net MODE] [-i] [-t] [--detach-keys KEYS] [--timeout DUR] [--frozen] [--timings] FILE|-…',
  ],
  examples: [
    ['pod run hello.pod.yaml', "run, show the output, exit with the app's exit code"],
    ['pod run -d web.pod.yaml', 'run in the background; print the uuid when all apps have started'],
    ['pod run --rm --net none job.pod.yaml', 'run without a network and remove the pod when it exits'],
    ['pod run db.pod.yaml web.pod.yaml', 'run several pods; none starts before all manifests are found valid'],
    ['pod run - < job.pod.yaml', 'read the manifest from standard input'],
  ],
  flags: [
    { name: 'detach', short: 'd', help: 'print the uuid when all apps have started, and leave the pod running' },
    { name: 'rm', help: 'remove the pod when it exits; with -d, the next pod gc removes it' },
    { name: 'name', value: 'N', help: 'use this name instead of the one in the manifest' },
    {
      name: 'id-file',
      value: 'F',
      isPath: true,
      help: 'write the uuid to F when the pod has been created, before its apps start',
    },
    NET_FLAG,
    { name: 'interactive', short: 'i', help: 'connect standard input to the first app; with -d, keep its input open' },
    { name: 'tty', short: 't', help: 'give the first app a terminal, like tty: true in the manifest' },
    {
      name: 'detach-keys',
      value: 'KEYS',
      help: `with -i and a terminal: the keys that detach and leave the pod running; default ${DEFAULT_DETACH_KEYS}`,
    },
    { name: 'timeout', value: 'DUR', help: 'stop the pod after DUR and exit 125' },
    FROZEN_FLAG,
    { name: 'timings', help: 'print the duration of each phase on standard error' },
  ],
  notes: [
    'Exit codes: 125 pod itself failed (including usage and manifest errors), 126 a command cannot be executed, 127 a command',
    "does not exist, 128+N an app was killed by signal N, otherwise the app's own code. With several apps: the first code",
    'that is not 0. With several pods: the code of the first pod, in the order given, whose code is not 0. If a pod fails to',
    'start, the pods started before it are stopped and removed.',
    '^C, SIGTERM and SIGQUIT stop the pod gracefully; a second one kills it. The pod also stops when the reader of the output',
    'exits or the terminal closes (SIGHUP). After SIGQUIT and SIGHUP the exit code is 128+N, not the code of an app. pod run',
    'ignores SIGUSR1 and SIGUSR2: use pod kill -s USR1 POD to signal the apps. With -d, an app that waits for another app',
    '(after) delays the return: pod run -d returns when every such app has started, or can no longer start. ^C before that',
    'stops the pod, as without -d, and no uuid is printed. If an app can no longer start, because its preStart hook failed or',
    'because of an app it waits for, the uuid is printed, the pod keeps running, the reason is on standard error, and the exit',
    'code is that of the apps so far (125 if there is none). An app that its restart policy starts again is no failure.',
  ],
  completes: ['files'],
  end: (flags) => (flags.has('interactive') || flags.has('tty') ? undefined : exitAtOnce),
  check(flags) {
    const timeoutMs = waitFlag({ flags }, 'timeout');
    if (timeoutMs !== undefined && flags.has('detach'))
      throw new PodError('cli/usage', '--timeout does not go with -d');
    if (flags.has('detach-keys') && !flags.has('interactive') && !flags.has('tty'))
      throw new PodError('cli/usage', '--detach-keys goes with -i');
  },
  run,
};

async function run(invocation: Invocation): Promise<number> {
  const { flags, root, terminal, isQuiet } = invocation;
  const isDetached = flags.has('detach');
  const client = clientWants(invocation);
  const timeoutMs = waitFlag(invocation, 'timeout');
  if (invocation.operands.length > 1) return runSeveral(invocation, timeoutMs);
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
      frozen: frozenBy(flags.has('frozen')),
      ownsProcess: true,
      onProgress: progress.show,
      onPhase: (phase: string): void => timings.start(phase),
      onWarning: (warning: Error): void => (isQuiet ? undefined : terminal.err(renderWarning(terminal, warning))),
    },
    idFile: flags.value('id-file'),
    client,
    timeoutMs,
    timings,
    progress,
  };
  timings.start('launch');
  const exitCode = await runForeground(invocation, launch);
  if (flags.has('timings')) terminal.err(timings.render(terminal));
  return exitCode;
}

const FOR_ONE = ['name', 'id-file', 'interactive', 'tty', 'detach-keys', 'timings'];

async function runSeveral(invocation: Invocation, timeoutMs: number | undefined): Promise<number> {
  const { flags, operands, root, terminal, isQuiet } = invocation;
  const refused = FOR_ONE.find((name) => flags.has(name));
  if (refused !== undefined)
    throw new PodError('cli/usage', `--${refused} goes with one manifest: got ${operands.length}`);
  const progress = newProgress(invocation);
  const { runMany } = await import('../run-many.ts');
  const options = {
    root,
    stdin: false,
    isDetached: flags.has('detach'),
    autoRemove: flags.has('rm'),
    frozen: frozenBy(flags.has('frozen')),
    onProgress: progress.show,
    onWarning: (warning: Error): void => (isQuiet ? undefined : terminal.err(renderWarning(terminal, warning))),
  };
  return runMany(invocation, { paths: operands, network: flags.value('net'), options, timeoutMs }, progress);
}

/** Both together are for a person: a script that asks for them would wait for ever. */
function clientWants({ flags }: Invocation): ClientWants {
  const isInteractive = flags.has('interactive');
  const detachKeys = parseDetachKeys(flags.value('detach-keys') ?? DEFAULT_DETACH_KEYS);
  if (isInteractive && flags.has('tty') && !flags.has('detach')) requireTerminal();
  return { isInteractive, detachKeys };
}
