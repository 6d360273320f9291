// termios(3), and what a shell's job control asks of a program that changes it

import type { Writable } from 'node:stream';
import { exitAtOnce } from '../../linux/exit.ts';
import type { TerminalSize } from './launch-api.ts';
import { isTerminal } from './terminal.ts';

export interface RawTerminalUse {
  /** Absent: the keys stay ours, ^C among them. */
  readonly onKeys?: ((typed: Buffer) => void) | undefined;
  readonly onResize?: (size: TerminalSize) => void;
  /** The terminal is gone, and with it the person. */
  readonly onHangup: () => void;
}

/** Of the terminal on standard output, if that is one. */
export function terminalSize(): TerminalSize | undefined {
  return isTerminal(1) ? { columns: process.stdout.columns, rows: process.stdout.rows } : undefined;
}

/**
 * signal(7): those that end a program and that Node leaves alone. At SIGINT and SIGTERM Node itself puts the terminal back; a
 * fault (SIGSEGV and its like) runs no JavaScript any more.
 */
const DEADLY: readonly NodeJS.Signals[] = [
  'SIGQUIT',
  'SIGABRT',
  'SIGALRM',
  'SIGVTALRM',
  'SIGTRAP',
  'SIGSYS',
  'SIGSTKFLT',
  'SIGUSR2',
  'SIGXCPU',
  'SIGXFSZ',
  'SIGPWR',
];

/** The caller's terminal while a program of a pod has it: raw, and as it was when we end, fail or are suspended. */
export class RawTerminal implements Disposable {
  readonly #use: RawTerminalUse;
  readonly #onResize = (): void => this.#resize();
  readonly #onSuspend = (): void => {
    this.#setRaw(false);
    process.kill(process.pid, 'SIGSTOP');
  };
  /** Also after a SIGSTOP, which nobody could see coming: whoever stopped us may have changed the terminal. */
  readonly #onContinue = (): void => {
    this.#setRaw(false);
    this.#setRaw(true);
    this.#resize();
  };
  /** It is heard of more than once: as two signals, as the end of what is typed, and from every attempt to use it. */
  readonly #onHangup = (): void => {
    if (this.#isHungUp || !this.#isOpen) return;
    this.#isHungUp = true;
    process.on('SIGHUP', () => {});
    // It may be there still: whoever sends a SIGHUP needs no terminal for that.
    if (this.#use.onKeys) this.#setRaw(false);
    this.#use.onHangup();
  };
  readonly #onDeadly = (signal: NodeJS.Signals): void => {
    // Somebody else takes it: what was started goes on, or ends in its own time.
    if (process.listenerCount(signal) > 1) return;
    this.#setRaw(false);
    process.off(signal, this.#onDeadly);
    process.kill(process.pid, signal);
  };
  #isHungUp = false;
  #isOpen = true;

  constructor(use: RawTerminalUse) {
    this.#use = use;
    process.stdout.on('resize', this.#onResize);
    process.on('SIGHUP', this.#onHangup);
    // It may have changed since the program got its terminal.
    this.#resize();
    if (!use.onKeys) return;
    process.on('SIGTSTP', this.#onSuspend);
    process.on('SIGCONT', this.#onContinue);
    for (const signal of DEADLY) process.on(signal, this.#onDeadly);
    this.#setRaw(true);
    process.stdin.on('data', use.onKeys);
    process.stdin.on('end', this.#onHangup);
    process.stdin.on('error', this.#onHangup);
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.stdout.off('resize', this.#onResize);
    process.off('SIGHUP', this.#onHangup);
    if (!this.#use.onKeys) return;
    process.off('SIGTSTP', this.#onSuspend);
    process.off('SIGCONT', this.#onContinue);
    for (const signal of DEADLY) process.off(signal, this.#onDeadly);
    process.stdin.off('data', this.#use.onKeys);
    process.stdin.off('end', this.#onHangup);
    // The listener of errors stays: this may be one.
    this.#setRaw(false);
    process.stdin.pause();
  }

  #resize(): void {
    const size = terminalSize();
    if (size) this.#use.onResize?.(size);
  }

  /** A failure is an event of the stream, not thrown. */
  #setRaw(on: boolean): void {
    process.stdin.setRawMode(on);
  }
}

const SIGHUP = 1;

/** After a hangup. Node's own end would put the terminal back as it was, and aborts when that fails: there is none any more. */
export function endHungUp(): never {
  exitAtOnce(128 + SIGHUP);
  throw new Error('still here after exit_group');
}

/** To a program that may not read: it holds up the person who types, and nobody else. */
export function passKeys(typed: Uint8Array, to: Writable): void {
  if (!to.writable || to.write(typed)) return;
  process.stdin.pause();
  to.once('drain', () => process.stdin.resume());
}
