import { once } from 'node:events';
import { type ChildProcess, spawn } from 'node:child_process';
import { after } from 'node:test';
import { cliEnvironment, commandLine } from '../../harness/pod-cli.ts';

/** Those that have not ended. What a test that failed left running would keep its file from ending. */
const running = new Set<ChildProcess>();
after(() => {
  for (const child of running) child.kill('SIGKILL');
});

const SAYS_MS = 60_000;

/** A command line of pod that runs while the test looks at it. */
export class PodProcess {
  readonly child: ChildProcess;
  readonly #ended: Promise<number>;
  #output = '';

  constructor(root: string, args: readonly string[], input?: string, env: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, commandLine(args, root), {
      env: cliEnvironment(env),
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    running.add(this.child);
    this.#ended = once(this.child, 'close').then(([code, signal]) => {
      running.delete(this.child);
      return signal === null ? (code as number) : -1;
    });
    for (const stream of [this.child.stdout!, this.child.stderr!]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => {
        this.#output += text;
        this.child.emit('output');
      });
    }
    this.child.stdin!.end(input);
  }

  get output(): string {
    return this.#output;
  }

  /** Resolves when the output holds the text; rejects when the process ends without it, or takes longer than anything does. */
  async says(text: string): Promise<void> {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), SAYS_MS);
    const ended = this.#endsAfter(text);
    try {
      while (!this.#output.includes(text))
        await Promise.race([once(this.child, 'output', { signal: limit.signal }), ended]);
    } catch (error) {
      if (!limit.signal.aborted) throw error;
      throw new Error(`never said "${text}":\n${this.#output}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  async #endsAfter(text: string): Promise<void> {
    const code = await this.#ended;
    if (!this.#output.includes(text)) throw new Error(`ended with ${code} and never said "${text}":\n${this.#output}`);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  /** Its exit code; -1 when a signal ended it. */
  ended(): Promise<number> {
    return this.#ended;
  }
}
