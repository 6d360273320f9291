import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { eventually } from '../../harness/eventually.ts';
import { type CliOptions, type CliResult, pod, podOk } from '../../harness/pod-cli.ts';
import type { PodStatus } from '../../harness/pod-status.ts';
import { useTempRoot } from '../../harness/temp-root.ts';
import { run } from './lab.ts';

/** Where Debian has them. */
const DEBIAN = '/usr/lib/cni';

/** Sends `hello from NAME` to whoever connects to port 80. */
const SERVER = `require('node:net').createServer((socket) => socket.end('hello from ' + process.argv[1])).listen(80)`;
/** Prints what a server sends. */
const CLIENT = `const [host, port] = process.argv.slice(1);
require('node:net').connect({ host, port, timeout: 5000 }).on('timeout', () => process.exit(3)).pipe(process.stdout)`;

interface Wanted {
  readonly network?: string;
  readonly hostPort?: number;
  readonly exec?: readonly string[];
  readonly probes?: object;
  readonly more?: object;
}

/**
 * A host's network of its own, in which plugins make their bridges, rules and settings, and where all of them end. Configurations,
 * scripts and the addresses that are taken are in the state directory.
 */
export class CniLab {
  readonly #name = `podcni${process.pid}`;
  readonly root: string;
  readonly wrapper: readonly string[];
  readonly configs: string;
  readonly plugins: string;
  readonly addresses: string;
  readonly env: Readonly<Record<string, string>>;

  constructor() {
    run(`ip netns add ${this.#name}`);
    run(`ip -n ${this.#name} link set lo up`);
    this.wrapper = ['nsenter', `--net=/run/netns/${this.#name}`];
    this.root = useTempRoot({ wrapper: this.wrapper });
    after(() => run(`ip netns del ${this.#name}`));
    [this.configs, this.plugins, this.addresses] = ['net.d', 'plugins', 'addresses'].map((name) =>
      join(this.root, name),
    ) as [string, string, string];
    for (const dir of [this.configs, this.plugins]) mkdirSync(dir);
    this.env = { NETCONFPATH: this.configs, CNI_PATH: `${this.plugins}:${DEBIAN}` };
  }

  /** A bridge with addresses of this subnet, and what follows it in the chain. */
  addNetwork(name: string, subnet: string, ...others: readonly object[]): string {
    const ipam = {
      type: 'host-local',
      dataDir: this.addresses,
      ranges: [[{ subnet }]],
      routes: [{ dst: '0.0.0.0/0' }],
    };
    const bridge = { type: 'bridge', bridge: `cni-${name}`, isGateway: true, ipMasq: true, hairpinMode: true, ipam };
    const file = join(this.configs, `${name}.conflist`);
    writeFileSync(file, JSON.stringify({ name, cniVersion: '1.0.0', plugins: [bridge, ...others] }));
    return file;
  }

  /** Answers ADD with what it was told, and DEL with nothing, unless the script ends it before. */
  addPlugin(name: string, script: string): void {
    const pass = `[ "$CNI_COMMAND" = DEL ] || printf %s "$request" | sed -e 's/.*"prevResult"://' -e 's/}$//'`;
    const text = `#!/bin/sh\nrequest=$(cat)\n${script}\n${pass}\n`;
    writeFileSync(join(this.plugins, name), text, { mode: 0o755 });
  }

  manifest(name: string, { network = 'cni:lan', hostPort, exec, probes, more }: Wanted = {}): string {
    const ports = [{ name: 'http', port: 80, ...(hostPort === undefined ? {} : { hostPort }) }];
    const app = {
      name: 'main',
      image: 'host',
      exec: exec ?? [process.execPath, '-e', SERVER, name],
      ports,
      ...(probes ? { probes } : {}),
    };
    const value = { apiVersion: 'pod/v1', kind: 'Pod', metadata: { name }, network: { mode: network }, apps: [app] };
    return JSON.stringify({ ...value, ...more }, null, 2);
  }

  options(input?: string): CliOptions {
    const { root, wrapper, env } = this;
    return { root, wrapper, env, ...(input === undefined ? {} : { input }) };
  }

  /** Starts a pod in the background, waits until its server listens, and returns its uuid. */
  async start(name: string, wanted?: Wanted): Promise<string> {
    const uuid = (await podOk(['run', '-d', '-'], this.options(this.manifest(name, wanted)))).trim();
    if (!wanted?.exec) await eventually(() => this.askFrom(name, '127.0.0.1', 80));
    return uuid;
  }

  run(name: string, wanted?: Wanted): Promise<CliResult> {
    return pod(['run', '--rm', '-'], this.options(this.manifest(name, wanted)));
  }

  ok(...args: readonly string[]): Promise<string> {
    return podOk(args, this.options());
  }

  async status(name: string): Promise<PodStatus> {
    return JSON.parse(await this.ok('status', '-o', 'json', name)) as PodStatus;
  }

  /** What the server at the address sends to a process of the host. */
  ask(host: string, port: number): string {
    return this.host(process.execPath, '-e', CLIENT, host, String(port));
  }

  /** What it sends to a process of the pod. */
  askFrom(name: string, host: string, port: number): Promise<string> {
    return this.ok('exec', name, '--', process.execPath, '-e', CLIENT, host, String(port));
  }

  host(command: string, ...args: readonly string[]): string {
    const [nsenter, ...rest] = [...this.wrapper, command, ...args];
    return execFileSync(nsenter!, rest, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Nothing of the pod is left with plugins: no address, namespace, link, or rule that names it. Bridges stay, as with other runtimes. */
  assertFree(uuid: string): void {
    assert.equal(existsSync(`/run/netns/pod-${uuid}`), false, 'the mounted namespace');
    const taken = existsSync(this.addresses) ? readdirSync(this.addresses, { recursive: true, encoding: 'utf8' }) : [];
    const files = taken.filter((name) => /\d+\.\d+\.\d+\.\d+$/.test(name)).map((name) => join(this.addresses, name));
    assert.deepEqual(
      files.filter((file) => readFileSync(file, 'utf8').includes(uuid)),
      [],
    );
    assert.doesNotMatch(this.host('iptables-save'), new RegExp(uuid));
    assert.doesNotMatch(this.host('ip', '-o', 'link', 'show', 'type', 'veth'), /./);
  }

  /** The uuid of the only pod that is being made or runs. */
  onlyPod(): string {
    const [uuid, ...others] = readdirSync(join(this.root, 'pods/run'));
    assert.ok(uuid !== undefined && others.length === 0);
    return uuid;
  }

  removeConfig(name: string): void {
    rmSync(join(this.configs, `${name}.conflist`));
  }
}
