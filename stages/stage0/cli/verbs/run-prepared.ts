import { PodError } from '../../error.ts';
import { PodStore } from '../../pod/store.ts';
import { onlyOperand, waitFlag } from '../arguments.ts';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from '../detach-keys.ts';
import { runForeground } from '../foreground.ts';
import { loadPrepare } from '../load-launch.ts';
import { newProgress } from '../progress.ts';
import { renderWarning } from '../report.ts';
import { Timings } from '../timings.ts';
import type { Invocation, Verb } from '../verb.ts';

export const verb: Verb = {
  name: 'run-prepared',
  purpose: 'Starts a pod created by pod prepare, and stays attached to it like pod run.',
  usage: ['pod run-prepared [-d] [--rm] [-i] [--timeout DUR] POD'],
  examples: [
    ['pod run-prepared web', "show the output, exit with the app's exit code"],
    ['pod run-prepared -d --rm web', 'run in the background; pod gc removes the pod after it has exited'],
  ],
  flags: [
    { name: 'detach', short: 'd', help: 'print the uuid when all apps have started, and leave the pod running' },
    { name: 'rm', help: 'remove the pod when it exits; with -d, the next pod gc removes it' },
    { name: 'interactive', short: 'i', help: 'connect standard input to the first app; with -d, keep its input open' },
    { name: 'timeout', value: 'DUR', help: 'stop the pod after DUR and exit 125' },
  ],
  notes: [
    'Exit codes and ^C are those of pod run. A pod runs the images it was prepared with. If an image has changed since, or a',
    'file or directory that the pod mounts is gone, the start is refused and the pod stays prepared. A pod that fails to',
    'start is removed.',
  ],
  completes: ['prepared', 'nothing'],
  run: runPrepared,
};

async function runPrepared(invocation: Invocation): Promise<number> {
  const { flags, root, terminal, isQuiet } = invocation;
  const isDetached = flags.has('detach');
  const timeoutMs = waitFlag(invocation, 'timeout');
  if (timeoutMs !== undefined && isDetached) throw new PodError('cli/usage', '--timeout does not go with -d');
  const pod = new PodStore(root).find(onlyOperand(invocation, 'POD'));
  const { readPrepared, startPrepared } = await loadPrepare();
  const manifest = readPrepared(pod);
  const progress = newProgress(invocation);
  const launch = {
    manifest,
    start: (input: typeof manifest, options: Parameters<typeof startPrepared>[2]) => startPrepared(pod, input, options),
    options: {
      root,
      baseDir: manifest.baseDir,
      stdin: flags.has('interactive'),
      isDetached,
      autoRemove: flags.has('rm'),
      ownsProcess: true,
      onProgress: progress.show,
      onWarning: (warning: Error): void => (isQuiet ? undefined : terminal.err(renderWarning(terminal, warning))),
    },
    idFile: undefined,
    client: { isInteractive: flags.has('interactive'), detachKeys: parseDetachKeys(DEFAULT_DETACH_KEYS) },
    timeoutMs,
    timings: new Timings(),
    progress,
  };
  return runForeground(invocation, launch);
}
