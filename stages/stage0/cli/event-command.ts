import { spawn } from 'node:child_process';

/** A command that takes longer is ended: what it is told of goes on without it. */
const LIMIT_MS = 10_000;

/** Runs a command once for each event, one after another, in the order the events came. What it fails at stops nothing. */
export class EventCommand {
  readonly #command: string;
  readonly #complain: (text: string) => void;
  #last: Promise<void> = Promise.resolve();

  constructor(command: string, complain: (text: string) => void) {
    this.#command = command;
    this.#complain = complain;
  }

  run(event: string): void {
    this.#last = this.#last.then(() => this.#runOne(event));
  }

  async finish(): Promise<void> {
    await this.#last;
  }

  /** Its output is the caller's, but goes to standard error: standard output holds results. */
  #runOne(event: string): Promise<void> {
    return new Promise((resolve) => {
      const child = spawn('/bin/sh', ['-c', this.#command], {
        stdio: ['pipe', 2, 2],
        timeout: LIMIT_MS,
        killSignal: 'SIGKILL',
      });
      const end = (problem?: string): void => {
        if (problem !== undefined) this.#complain(`warning: --on-event: ${problem}\n`);
        resolve();
      };
      child.on('error', (error) => end(error.message));
      child.on('exit', (code, signal) => end(code === 0 ? undefined : describeEnd(code, signal)));
      // A command need not read it.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(`${event}\n`);
    });
  }
}

function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  return signal === null ? `it exited with ${code}` : `it was ended by ${signal}`;
}
