import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, writeSync } from 'node:fs';
import { after } from 'node:test';
import { ReadStream } from 'node:tty';
import { O_CLOEXEC, O_NOCTTY, O_RDWR } from '../../stages/linux/constants.ts';
import { openSlave, setWindowSize } from '../../stages/linux/terminal.ts';
import { cliEnvironment, commandLine } from './pod-cli.ts';

/** Longer than anything takes on a busy machine. */
const SAYS_MS = 60_000;
/** The kernel passes on in its own time what is written to a terminal, be it after the end of who wrote it. */
const LAST_WORDS_MS = 10_000;

/** Those that have not ended. What a test that failed left running would keep its file from ending. */
const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** A terminal as a person has one: the child leads a session of its own, whose controlling terminal this is. */
export class TerminalProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  /** Of before the child: it may have changed them when somebody looks for the first time. See `modes`. */
  readonly firstModes: string;
  readonly #master: number;
  readonly #slave: number;
  readonly #reader: ReadStream;
  readonly #ended: Promise<number>;
  #output = '';
  #isOpen = true;

  constructor(argv: readonly string[], size: readonly [rows: number, columns: number] = [24, 80]) {
    this.#master = openSync('/dev/ptmx', O_RDWR | O_NOCTTY | O_CLOEXEC);
    this.#slave = openSlave(this.#master).take();
    this.resize(...size);
    this.firstModes = this.modes();
    // Of util-linux: a session, with the terminal on standard input as its own, and then the program in the same process.
    this.child = spawn('setsid', ['--ctty', ...argv], {
      env: { ...cliEnvironment(), TERM: 'xterm' },
      stdio: [this.#slave, this.#slave, this.#slave],
    });
    running.add(this.child);
    this.#ended = once(this.child, 'exit').then(([code, signal]) => {
      running.delete(this.child);
      return signal === null ? (code as number) : -1;
    });
    this.#reader = new ReadStream(this.#master);
    this.#reader.on('data', (chunk: Buffer) => {
      this.#output += chunk.toString('latin1');
      this.child.emit('output');
    });
    this.#reader.on('error', () => this.child.emit('output'));
  }

  /** A command line of pod on a terminal. */
  static pod(root: string, args: readonly string[], size?: readonly [number, number]): TerminalProcess {
    return new TerminalProcess([process.execPath, ...commandLine(args, root)], size);
  }

  /** All of it so far, with line feeds only. */
  get output(): string {
    return this.#output.replaceAll('\r', '');
  }

  /** Forgets what was shown, so that `says` waits for what comes next. */
  forget(): void {
    this.#output = '';
  }

  type(text: string): void {
    writeSync(this.#master, text);
  }

  resize(rows: number, columns: number): void {
    setWindowSize(this.#master, columns, rows);
  }

  /** termios(3) of the terminal now, as one opaque word. */
  modes(): string {
    return execFileSync('stty', ['-g'], { stdio: [this.#slave, 'pipe', 'inherit'], encoding: 'utf8' }).trim();
  }

  /** Resolves when the terminal shows it; rejects when the process has ended without, or takes longer than anything does. */
  async says(what: string | RegExp): Promise<void> {
    const isThere = (): boolean => (typeof what === 'string' ? this.output.includes(what) : what.test(this.output));
    const limit = new AbortController();
    const setLimit = (ms: number): NodeJS.Timeout => setTimeout(() => limit.abort(), ms);
    let timer = setLimit(SAYS_MS);
    const onEnd = (): void => {
      clearTimeout(timer);
      if (!isThere()) timer = setLimit(LAST_WORDS_MS);
    };
    void this.#ended.then(onEnd);
    try {
      while (!isThere()) await once(this.child, 'output', { signal: limit.signal });
    } catch (error) {
      throw new Error(`never said ${String(what)}:\n${this.output}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  /** The person goes away: the kernel hangs up the terminal. */
  hangUp(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#slave);
    this.#reader.destroy();
  }

  /** Its exit code; -1 when a signal ended it. */
  ended(): Promise<number> {
    return this.#ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.hangUp();
    await this.#ended;
  }
}
