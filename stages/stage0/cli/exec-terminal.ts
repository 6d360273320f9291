import { readSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import type { ExecInPod, ExecWants } from './exec-plain.ts';
import type { RunningExec, TerminalSize } from './launch-api.ts';
import { endHungUp, passKeys, RawTerminal, terminalSize } from './raw-terminal.ts';
import { requireTerminal } from './require-terminal.ts';
import { BrokenPipe, STDOUT, writeAll } from './terminal.ts';

type Resize = (master: number, size: TerminalSize) => void;

/** The command gets a terminal of the pod's; ours is raw meanwhile, so that every key reaches it. */
export async function execOnTerminal(
  execInPod: ExecInPod,
  resize: Resize,
  podPath: string,
  wants: ExecWants,
): Promise<number> {
  requireTerminal();
  const { isInteractive, ...rest } = wants;
  const running = await execInPod(podPath, {
    ...rest,
    stdio: [null, null, null],
    tty: true,
    size: terminalSize(),
    ownsProcess: true,
  });
  if (running.terminal === undefined) throw new Error('the launcher gave no terminal');
  return pump(running, running.terminal, resize, isInteractive);
}

/** A process the command left behind may keep the terminal open: then what it wrote last has this long to come. */
const LAST_WORDS_MS = 200;

async function pump(running: RunningExec, master: number, resize: Resize, isInteractive: boolean): Promise<number> {
  // Not a file stream: one of those would read in a thread that no exit could interrupt.
  const output = new ReadStream(master);
  const ended = showOutput(output, master);
  using terminal = new RawTerminal({
    // Without -i the keys stay ours, ^C among them.
    ...(isInteractive ? { onKeys: (typed: Buffer) => passKeys(typed, output) } : {}),
    onResize: (size) => resize(master, size),
    // The kernel then hangs up the command's terminal too.
    onHangup: endHungUp,
  });
  void terminal;
  try {
    const failed = ended.then(() => new Promise<never>(() => {}));
    const { exitCode } = await Promise.race([running.exit, failed]);
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS))]);
    return exitCode;
  } finally {
    output.destroy();
  }
}

/** Resolves when nobody has the other end any more, which a terminal's master says with EIO. */
function showOutput(output: ReadStream, master: number): Promise<void> {
  return new Promise((resolve, reject) => {
    output.on('data', (chunk: Buffer) => {
      try {
        writeAll(STDOUT, chunk);
      } catch (error) {
        // The terminal is gone; the hangup says so too.
        if (!(error instanceof BrokenPipe)) reject(error as Error);
      }
    });
    output.on('end', () => {
      drain(master);
      resolve();
    });
    output.on('error', (error: NodeJS.ErrnoException) => (error.code === 'EIO' ? resolve() : reject(error)));
  });
}

/** More than a terminal holds: with more, some process of the pod has opened it again and writes on. */
const HELD_BYTES = 128 * 1024;

/** libuv calls it the end when the other side hangs up, though there may be more to read. */
function drain(master: number): void {
  const chunk = Buffer.allocUnsafe(HELD_BYTES);
  try {
    for (let length = 1, left = HELD_BYTES; length > 0 && left > 0; left -= length) {
      length = readSync(master, chunk);
      writeAll(STDOUT, chunk.subarray(0, length));
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EIO' && code !== 'EAGAIN' && !(error instanceof BrokenPipe)) throw error;
  }
}
