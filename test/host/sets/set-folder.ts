import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after } from 'node:test';
import { type CliResult, pod, podOk } from '../../harness/pod-cli.ts';
import type { PodStatus } from '../../harness/pod-status.ts';

export interface PodText {
  readonly exec?: readonly string[];
  readonly annotations?: Readonly<Record<string, string>>;
  readonly app?: Readonly<Record<string, unknown>>;
  readonly pod?: Readonly<Record<string, unknown>>;
}

/** Goes at once when it is told to; `word` tells it from others. */
export function server(word = '1000'): readonly string[] {
  return ['/bin/sleep', word];
}

export function shell(script: string): readonly string[] {
  return ['/bin/sh', '-c', script];
}

/** A folder of manifests, and the verbs that work on it. */
export class SetFolder implements AsyncDisposable {
  readonly dir: string;
  readonly name: string;
  readonly #root: string;

  constructor(root: string, name: string) {
    const home = mkdtempSync('/var/tmp/pod-set-');
    this.#root = root;
    this.name = name;
    this.dir = join(home, name);
    mkdirSync(this.dir);
    after(() => rmSync(home, { recursive: true }));
  }

  write(name: string, { exec = server(), annotations = {}, app = {}, pod: rest = {} }: PodText = {}): string {
    const manifest = {
      apiVersion: 'pod/v1',
      kind: 'Pod',
      metadata: { name, annotations },
      network: { mode: 'none' },
      apps: [{ name: 'a', image: 'host', exec, ...app }],
      ...rest,
    };
    return this.text(`${name}.pod.yaml`, `${JSON.stringify(manifest, undefined, 2)}\n`);
  }

  /** The result is the file's path. It comes whole, so that a watcher never finds half of it. */
  text(file: string, text: string): string {
    const path = join(this.dir, file);
    mkdirSync(dirname(path), { recursive: true });
    const written = join(this.dir, '..', `.${this.name}.written`);
    writeFileSync(written, text);
    renameSync(written, path);
    return path;
  }

  remove(name: string): void {
    rmSync(join(this.dir, `${name}.pod.yaml`));
  }

  apply(...args: string[]): Promise<CliResult> {
    return pod(['apply', '-f', this.dir, ...args], { root: this.#root });
  }

  applyOk(...args: string[]): Promise<string> {
    return podOk(['apply', '-f', this.dir, ...args], { root: this.#root });
  }

  verb(...args: string[]): Promise<CliResult> {
    return pod(args, { root: this.#root });
  }

  /** Names and uuids of the pods that run, of all sets. */
  async running(): Promise<Record<string, string>> {
    const pods = JSON.parse(await podOk(['ps', '-o', 'json'], { root: this.#root })) as PodStatus[];
    return Object.fromEntries(pods.map(({ name, uuid }) => [name, uuid]));
  }

  async names(): Promise<string[]> {
    return Object.keys(await this.running()).toSorted();
  }

  /** With all its pods, whatever the test came to. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { exitCode, stderr } = await this.verb('delete', '--set', this.name, '--all');
    if (exitCode !== 0 && !stderr.includes('set/not-found')) throw new Error(stderr);
  }
}
