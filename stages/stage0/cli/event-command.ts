import { type ChildProcess, spawn } from 'node:child_process';

export interface EventLimits {
  /** A command that takes longer is ended: what it is told of goes on without it. */
  readonly commandMs: number;
  /** At the end, for all that were not told yet. A service manager waits little longer. */
  readonly finishMs: number;
  /** Events that wait for their turn. Those that come first go first: what is new counts more. */
  readonly waiting: number;
}

const LIMITS: EventLimits = { commandMs: 10_000, finishMs: 10_000, waiting: 1000 };
/** So many are named of those that were not told. */
const MOST_NAMED = 5;

interface Waiting {
  readonly line: string;
  readonly label: string;
}

/** Runs a command once for each event, one after another, in the order the events came. What it fails at stops nothing. */
export class EventCommand {
  readonly #command: string;
  readonly #complain: (text: string) => void;
  readonly #limits: EventLimits;
  readonly #waiting: Waiting[] = [];
  readonly #dropped = new Names();
  #worker: Promise<void> | undefined;
  #child: ChildProcess | undefined;
  #isOver = false;

  constructor(command: string, complain: (text: string) => void, limits: EventLimits = LIMITS) {
    this.#command = command;
    this.#complain = complain;
    this.#limits = limits;
  }

  /** `label`: what the event is called when it cannot be told. */
  run(line: string, label: string): void {
    if (this.#waiting.length >= this.#limits.waiting) this.#dropped.add(this.#waiting.shift()!.label);
    this.#waiting.push({ line, label });
    this.#worker ??= this.#work();
  }

  /** Resolves when all were told, or the time for it is over. */
  async finish(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const over = new Promise<void>((resolve) => (timer = setTimeout(resolve, this.#limits.finishMs)));
    await Promise.race([this.#worker, over]);
    clearTimeout(timer);
    if (!this.#worker) return;
    this.#isOver = true;
    for (const { label } of this.#waiting.splice(0)) this.#dropped.add(label);
    if (this.#child) endAll(this.#child);
    this.#warn(`the command was killed, ${this.#limits.finishMs / 1000} s after the operation was complete`);
    this.#tellDropped();
  }

  async #work(): Promise<void> {
    for (let next = this.#waiting.shift(); next && !this.#isOver; next = this.#waiting.shift()) {
      this.#tellDropped();
      await this.#runOne(next.line).catch((error: Error) => this.#warn(error.message));
    }
    this.#worker = undefined;
  }

  /** Its output is the caller's, but goes to standard error: standard output holds results. */
  #runOne(line: string): Promise<void> {
    return new Promise((resolve, reject) => {
      // In a session of its own, so that it can be ended with all it has started.
      const child: ChildProcess = spawn('/bin/sh', ['-c', this.#command], { stdio: ['pipe', 2, 2], detached: true });
      this.#child = child;
      const timer = setTimeout(() => endAll(child), this.#limits.commandMs);
      child.on('error', reject);
      child.on('exit', (code, signal) => {
        clearTimeout(timer);
        this.#child = undefined;
        if (code !== 0 && !this.#isOver) this.#warn(describeEnd(code, signal));
        resolve();
      });
      // A command need not read it.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(`${line}\n`);
    });
  }

  #tellDropped(): void {
    const names = this.#dropped.take();
    if (names !== undefined) this.#warn(`it was not told of ${names}`);
  }

  #warn(text: string): void {
    this.#complain(`warning: --on-event: ${text}\n`);
  }
}

/** A few of many names. */
class Names {
  #first: string[] = [];
  #count = 0;

  add(name: string): void {
    if (this.#count++ < MOST_NAMED) this.#first.push(name);
  }

  /** Undefined when there are none. Forgets them. */
  take(): string | undefined {
    const more = this.#count - this.#first.length;
    const text = this.#first.join(', ') + (more > 0 ? ` and ${more} more` : '');
    [this.#first, this.#count] = [[], 0];
    return text === '' ? undefined : text;
  }
}

/** kill(2): a negative number is a process group, which lives as long as one of its processes. */
function endAll({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // It has just ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `it exited with ${code}` : `it was killed by ${signal}`;
}
