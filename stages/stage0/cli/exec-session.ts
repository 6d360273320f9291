import { closeSync, createReadStream, createWriteStream } from 'node:fs';
import { PodError } from '../error.ts';
import type { ExecOptions, LaunchApi, RunningExec } from './launch-api.ts';
import { isTerminal } from './terminal.ts';

type ExecInPod = LaunchApi['execInPod'];

export interface ExecWants extends Pick<ExecOptions, 'argv' | 'app' | 'env' | 'user' | 'workingDirectory'> {
  readonly isInteractive: boolean;
}

const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/** The command gets our own descriptors; nothing is copied. */
export async function execPlain(execInPod: ExecInPod, podPath: string, wants: ExecWants): Promise<number> {
  const { isInteractive, ...rest } = wants;
  const running = await execInPod(podPath, { ...rest, stdio: [isInteractive ? 0 : null, 1, 2], tty: false });
  const forward = (signal: NodeJS.Signals): void => {
    // The command may have ended in between; its exit is on its way.
    running.signal(signal).catch(() => undefined);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  try {
    return (await running.exit).exitCode;
  } finally {
    for (const signal of FORWARDED) process.off(signal, forward);
  }
}

/** The command gets a terminal of the pod's; ours is raw meanwhile, so that every key reaches it. */
export async function execOnTerminal(execInPod: ExecInPod, podPath: string, wants: ExecWants): Promise<number> {
  if (!isTerminal(0) || !isTerminal(1)) {
    throw new PodError('cli/usage', '-t needs a terminal: standard input or output is none', { hint: 'leave -t away' });
  }
  const { isInteractive, ...rest } = wants;
  const size = { columns: process.stdout.columns, rows: process.stdout.rows };
  const running = await execInPod(podPath, { ...rest, stdio: [null, null, null], tty: true, size });
  if (running.terminal === undefined) throw new Error('the launcher gave no terminal');
  return pump(running, running.terminal, isInteractive);
}

async function pump(running: RunningExec, master: number, isInteractive: boolean): Promise<number> {
  const output = createReadStream('', { fd: master, autoClose: false });
  const input = createWriteStream('', { fd: master, autoClose: false });
  const isDrained = new Promise<void>((resolve) => {
    // EIO is how a terminal's master says that nobody has the other end any more.
    output.on('error', () => resolve());
    output.on('end', () => resolve());
  });
  output.on('data', (chunk) => process.stdout.write(chunk));
  const resize = (): void => running.resize?.({ columns: process.stdout.columns, rows: process.stdout.rows });
  process.stdout.on('resize', resize);
  process.stdin.setRawMode(true);
  if (isInteractive) process.stdin.on('data', (chunk) => input.write(chunk));
  try {
    const { exitCode } = await running.exit;
    await isDrained;
    return exitCode;
  } finally {
    process.stdin.setRawMode(false);
    process.stdin.destroy();
    process.stdout.off('resize', resize);
    closeSync(master);
  }
}
