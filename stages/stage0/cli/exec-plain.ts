import { fstatSync } from 'node:fs';
import { PodError } from '../error.ts';
import type { CopiedStreams } from './copied-streams.ts';
import type { ExecOptions, LaunchApi, RunningExec, Streams } from './launch-api.ts';
import { SignalRelay } from './signal-relay.ts';

export type ExecInPod = LaunchApi['execInPod'];

export interface ExecWants extends Pick<ExecOptions, 'argv' | 'app' | 'env' | 'user' | 'workingDirectory'> {
  readonly isInteractive: boolean;
}

/** linux/Documentation/admin-guide/devices.txt: character device 1:3. */
const NULL_DEVICE = 0x103;

/**
 * The command gets our own pipes and the files it writes to, and nothing is copied, unless the app has a label; a device of ours,
 * above all the terminal, never gets in.
 */
export async function execPlain(execInPod: ExecInPod, podPath: string, wants: ExecWants): Promise<number> {
  const { isInteractive, ...rest } = wants;
  const own = [isInteractive ? unlessNull(0) : null, unlessNull(1), unlessNull(2)] as const;
  const isKeptOut = own.some((fd) => fd !== null && isCopied(fd));
  const copies: CopiedStreams[] = [];
  const stdio = async (isLabelled: boolean): Promise<Streams> => {
    if (!isKeptOut && !isLabelled) return own;
    // With it comes node:net, which costs more than all the rest.
    const { CopiedStreams } = await import('./copied-streams.ts');
    const copied = new CopiedStreams(own, isLabelled);
    copies.push(copied);
    return copied.streams;
  };
  const exitCode = await untilShown(copies, () =>
    execInPod(podPath, { ...rest, stdio, tty: false, ownsProcess: true }),
  );
  for (const copied of copies) copied.check();
  return exitCode;
}

/** Of our input, a file is copied too: see openStandardInput. */
function isCopied(fd: number): boolean {
  const stats = fstatSync(fd);
  return stats.isCharacterDevice() || (fd === 0 && !stats.isFIFO() && !stats.isSocket());
}

/** `copies`: filled by the start. */
async function untilShown(copies: readonly CopiedStreams[], start: () => Promise<RunningExec>): Promise<number> {
  using relay = new SignalRelay();
  try {
    const running = await start();
    relay.attach(running);
    for (const copied of copies) copied.handedOver();
    return (await running.exit).exitCode;
  } finally {
    for (const copied of copies) copied[Symbol.dispose]();
  }
}

/** One that is /dev/null is opened anew, in a way that keeps the host's own node as it is. */
function unlessNull(fd: number): number | null {
  const stats = fstatSync(fd);
  if (stats.isDirectory()) throw new PodError('cli/usage', `use descriptor ${fd} of the caller: it is a directory`);
  return stats.isCharacterDevice() && stats.rdev === NULL_DEVICE ? null : fd;
}
