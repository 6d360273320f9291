import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Position } from '../../../stages/stage0/error.ts';
import { syscall } from '../../../stages/linux/syscall.ts';
import { claimAddresses } from '../../../stages/stage0/network/addresses.ts';
import { ensureBridge, removeBridge } from '../../../stages/stage0/network/bridge.ts';
import { bridgeConfig } from '../../../stages/stage0/network/bridge-config.ts';
import { claimPorts } from '../../../stages/stage0/network/host-ports.ts';
import { planNetworkCleanup, planNetworkInside, planVeth } from '../../../stages/stage0/network/plan-network.ts';
import { networkBindings } from '../../../stages/stage0/network/symbols.ts';
import type { BridgeConfig, PodAddresses, PublishedPort } from '../../../stages/stage0/network/types.ts';
import * as claims from '../../../stages/stage0/pod/claims.ts';
import { Program } from '../../../stages/tape/program.ts';
import { WELL_KNOWN_REGISTERS } from '../../../stages/tape/registers.ts';
import { TapePlayer } from '../../tape-player.ts';
import { eventually } from '../../harness/eventually.ts';
import { Agent } from './agent.ts';

const CLONE_NEWNET = 0x40000000;
const AT: Position = { file: 'web.yaml', line: 3, col: 1 };

/** Port 80 of the pod. */
export function publish(hostPort: number, more: Partial<PublishedPort> = {}): PublishedPort {
  return { name: 'http', app: 'web', port: 80, protocol: 'tcp', hostPort, at: AT, ...more };
}

/** The commands below are where Debian keeps them for root. */
process.env['PATH'] = `${process.env['PATH']}:/usr/sbin:/sbin`;

export function run(command: string): string {
  const [file, ...args] = command.split(' ');
  return execFileSync(file!, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Runs `work`, which must be synchronous, in the namespace. */
export function inNamespace<T>(path: string, work: () => T): T {
  const home = openSync('/proc/self/ns/net', 'r');
  const there = openSync(path, 'r');
  try {
    syscall('setns', there, CLONE_NEWNET);
    return work();
  } finally {
    syscall('setns', home, CLONE_NEWNET);
    closeSync(home);
    closeSync(there);
  }
}

export interface LabPod {
  readonly uuid: string;
  readonly agent: Agent;
  readonly addresses: PodAddresses;
  /** Plays the cleanup tape, as the monitor does once init is gone. */
  readonly cleanUp: () => Promise<void>;
}

/**
 * A machine of its own: a "host" namespace with a bridge network, and an "outside" namespace on the other end of the host's
 * uplink, 192.0.2.1 and fd99::1 there, 192.0.2.2 and fd99::2 here.
 */
export class Lab {
  readonly name: string = `podtest${process.pid}`;
  readonly root: string = mkdtempSync(join(tmpdir(), 'pod-network-'));
  readonly hostNs: string = `/run/netns/${this.name}h`;
  readonly outsideNs: string = `/run/netns/${this.name}o`;
  readonly outside: Agent;
  readonly host: Agent;
  readonly #agents: Agent[] = [];

  private constructor(outside: Agent, host: Agent) {
    this.outside = outside;
    this.host = host;
  }

  static async start(): Promise<Lab> {
    const name = `podtest${process.pid}`;
    for (const end of ['h', 'o']) run(`ip netns add ${name}${end}`);
    run(`ip link add up0 netns ${name}h type veth peer name up0 netns ${name}o`);
    for (const [end, number] of [
      ['h', 2],
      ['o', 1],
    ] as const) {
      run(`ip -n ${name}${end} link set lo up`);
      run(`ip -n ${name}${end} addr add 192.0.2.${number}/24 dev up0`);
      run(`ip -n ${name}${end} addr add fd99::${number}/64 dev up0 nodad`);
      run(`ip -n ${name}${end} link set up0 up`);
    }
    run(`ip -n ${name}h route add default via 192.0.2.1`);
    run(`ip -n ${name}h route add default via fd99::1`);
    // The kernel notices that a link is up in its own time, and gives it the address of the link then.
    for (const end of ['h', 'o'])
      await eventually(async () => assert.match(run(`ip -n ${name}${end} addr show up0`), /state UP [^]*inet6 fe80/));
    const enter = (end: string): Promise<Agent> => Agent.start(['nsenter', `--net=/run/netns/${name}${end}`]);
    return new Lab(await enter('o'), await enter('h'));
  }

  get config(): BridgeConfig {
    return this.inHost(() => bridgeConfig(this.root));
  }

  inHost<T>(work: () => T): T {
    return inNamespace(this.hostNs, work);
  }

  /** All that a start does to the network, in its order. */
  async pod(uuid: string, ports: readonly PublishedPort[] = []): Promise<LabPod> {
    const agent = await Agent.start(['unshare', '-n']);
    this.#agents.push(agent);
    const program = new Program();
    const network = { mode: 'bridge', at: AT } as const;
    const tapes = {
      link: program.tape({ purpose: 'link' }),
      network: program.tape({ purpose: 'network' }),
      cleanup: program.tape({ purpose: 'cleanup' }),
    };
    planVeth(tapes.link, network, ports);
    planNetworkInside(tapes.network, network);
    planNetworkCleanup(tapes.cleanup, network, ports);
    const { player, addresses } = this.inHost(() => {
      const config = bridgeConfig(this.root);
      const addresses = claimAddresses(claims, this.root, config, uuid);
      claimPorts(claims, this.root, ports, uuid);
      const bridge = ensureBridge(this.root, config);
      const bindings = networkBindings(this.root, config, addresses, uuid, bridge);
      const player = new TapePlayer(program, { ...bindings, uuid });
      player.registers.set(WELL_KNOWN_REGISTERS.initPid, BigInt(agent.pid));
      player.play(tapes.link);
      return { player, addresses };
    });
    inNamespace(`/proc/${agent.pid}/ns/net`, () => player.play(tapes.network));
    const cleanUp = async (): Promise<void> => {
      await agent.stop();
      this.inHost(() => player.play(tapes.cleanup));
    };
    return { uuid, agent, addresses, cleanUp };
  }

  async stop(): Promise<void> {
    for (const agent of [...this.#agents, this.outside, this.host]) await agent.stop();
    // What the bridge changed is noted outside the namespace, and has to be given back before that goes.
    this.inHost(() => {
      for (const { kind, key, uuid } of claims.listClaims(this.root)) claims.release(this.root, kind, key, uuid);
      removeBridge(claims, this.root, bridgeConfig(this.root));
    });
    for (const end of ['h', 'o']) run(`ip netns del ${this.name}${end}`);
    rmSync(this.root, { recursive: true, force: true });
  }
}
