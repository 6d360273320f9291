// write(2), isatty(3)

import { fstatSync, writeSync } from 'node:fs';
import { PodError } from '../error.ts';

export const STDOUT = 1;
export const STDERR = 2;

/** A reader that went away (`pod logs | head`, a terminal that was closed): the work for it is over, which is no error. */
export class BrokenPipe extends Error {}

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue' | 'magenta' | 'cyan';

const CODES: Readonly<Record<Style, number>> = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
};

export type ColorChoice = 'auto' | 'always' | 'never';

/**
 * The caller's standard output and error. `process.stdout` would do, but loading its streams takes longer than most verbs.
 */
export class Terminal {
  readonly #choice: ColorChoice;
  readonly #env: NodeJS.ProcessEnv;
  readonly #hasColor = new Map<number, boolean>();

  constructor(choice: ColorChoice = 'auto', env: NodeJS.ProcessEnv = process.env) {
    this.#choice = choice;
    this.#env = env;
  }

  /** Results. */
  out(text: string): void {
    writeAll(STDOUT, Buffer.from(text));
  }

  /** Messages and progress. */
  err(text: string): void {
    writeAll(STDERR, Buffer.from(text));
  }

  hasColor(fd: number): boolean {
    let known = this.#hasColor.get(fd);
    if (known === undefined) {
      const wanted = this.#choice === 'auto' && !this.#env['NO_COLOR'] && this.#env['TERM'] !== 'dumb';
      known = this.#choice === 'always' || (wanted && isTerminal(fd));
      this.#hasColor.set(fd, known);
    }
    return known;
  }

  paint(fd: number, style: Style, text: string): string {
    return this.hasColor(fd) ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text;
  }
}

/** Majors of the kernel's terminal devices: virtual consoles, /dev/tty, Unix98 terminals. See devices.txt. */
export function isTerminal(fd: number): boolean {
  let stats;
  try {
    stats = fstatSync(fd);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBADF') return false;
    throw error;
  }
  const major = (stats.rdev >>> 8) & 0xfff;
  return stats.isCharacterDevice() && (major === 4 || major === 5 || (major >= 136 && major <= 143));
}

/** All of it, even where the descriptor was made non-blocking by someone we share it with. Throws `BrokenPipe`. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    try {
      done += writeSync(fd, bytes, done);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EPIPE' || (code === 'EIO' && isTerminal(fd))) throw new BrokenPipe();
      if (code !== 'EAGAIN') throw unwritable(fd, error as Error);
      // Nobody tells us when there is room again without loading the streams we avoid.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

const STREAMS: Readonly<Record<number, string>> = { [STDOUT]: 'standard output', [STDERR]: 'standard error' };

function unwritable(fd: number, error: Error): Error {
  const name = STREAMS[fd];
  return name === undefined ? error : new PodError('host/refused', `write ${name}: ${error.message}`, { cause: error });
}
