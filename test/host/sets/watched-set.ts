import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { NotifySocket } from '../../harness/notify-socket.ts';
import { podOk } from '../../harness/pod-cli.ts';
import type { PodStatus } from '../../harness/pod-status.ts';
import { PodProcess } from '../run/pod-process.ts';
import { SetFolder } from './set-folder.ts';

const PAUSE = /^STATUS=set .*; (next look|again) in /;

/** A folder that is watched; what the watcher tells a service manager is how a test knows when it is done. */
export class WatchedSet extends SetFolder {
  readonly #testRoot: string;
  readonly #socket: NotifySocket;
  readonly #created = new Map<string, number>();
  #process: PodProcess | undefined;

  constructor(root: string, name: string) {
    super(root, name);
    this.#testRoot = root;
    const dir = mkdtempSync('/var/tmp/pod-notify-');
    after(() => rmSync(dir, { recursive: true }));
    this.#socket = new NotifySocket(join(dir, randomUUID().slice(0, 8)));
  }

  get process(): PodProcess {
    if (!this.#process) throw new Error('nobody watches');
    return this.#process;
  }

  /** Resolves when the first round is over; the result is what it came to. */
  watch(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}, from: string = this.dir): string {
    const words = ['apply', '--watch', '-f', from, '--resync', '1h', ...args];
    this.#process = new PodProcess(this.#testRoot, words, undefined, { NOTIFY_SOCKET: this.#socket.address, ...env });
    return statusIn(this.#socket.waitFor(/^READY=1$/));
  }

  /** The end of the next round. Nothing else happens in this process meanwhile. */
  round(): string {
    return statusIn(this.#socket.waitFor(PAUSE));
  }

  /** What is done is one change to the watcher, however long it takes here. */
  atOnce(acts: () => void): void {
    this.process.signal('SIGSTOP');
    try {
      acts();
    } finally {
      this.process.signal('SIGCONT');
    }
  }

  /** After as many rounds as it takes. */
  async until(test: () => Promise<boolean>): Promise<void> {
    while (!(await test())) this.round();
  }

  told(line: RegExp): string[] {
    return this.#socket.waitFor(line);
  }

  /** What was told and not looked at. */
  drain(): string[][] {
    return this.#socket.drain();
  }

  /** When all pods of that name so far were made, those included that are gone; in ms, in order. */
  async creationsOf(name: string): Promise<number[]> {
    for (const pod of await this.all()) if (pod.name === name) this.#created.set(pod.uuid, Date.parse(pod.createdAt));
    return [...this.#created.values()].toSorted((a, b) => a - b);
  }

  async all(): Promise<(PodStatus & { readonly createdAt: string })[]> {
    return JSON.parse(await podOk(['ps', '-a', '-o', 'json'], { root: this.#testRoot }));
  }

  /** The exit code of the watcher. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<number> {
    const process = this.#process;
    if (!process) return 0;
    this.#process = undefined;
    process.signal(signal);
    return process.ended();
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGKILL');
    this.#socket[Symbol.dispose]();
    await super[Symbol.asyncDispose]();
  }
}

/** The pod was started again at once, after one second, after two. */
export async function assertPauses(set: WatchedSet, name: string): Promise<void> {
  const [first, second, third, fourth] = await set.creationsOf(name);
  assert.ok(third! - second! > 900 && fourth! - third! > 1900, `${first}, ${second}, ${third}, ${fourth} ms`);
}

function statusIn(message: readonly string[]): string {
  return message.find((line) => line.startsWith('STATUS='))!.slice('STATUS='.length);
}
