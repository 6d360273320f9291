import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { mendBridge } from '../../../stages/stage0/network/bridge.ts';
import { networkLedger } from '../../../stages/stage0/network/ledger.ts';
import type { Agent } from './agent.ts';
import { Lab, type LabPod, publish, run } from './lab.ts';

const A = '11111111-1111-4111-8111-111111111111';
const B = '22222222-2222-4222-8222-222222222222';
const C = '33333333-3333-4333-8333-333333333333';
const PORTS = [publish(5354, { protocol: 'udp' }), publish(5355, { protocol: 'udp', hostIP: '192.0.2.2' })];

let lab: Lab;
/** One that goes on sending from the same port, as resolvers and log shippers do. */
let clients: readonly ((timeoutMs?: number) => Promise<unknown>)[];

function client(agent: Agent, host: string, port = 5354): (timeoutMs?: number) => Promise<unknown> {
  const at = { host, port, protocol: 'udp', localPort: 40_001 } as const;
  return (timeoutMs) => agent.connect({ ...at, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
}

async function answers(timeoutMs?: number): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const ask of clients) all.push(await ask(timeoutMs));
  return all;
}

before(async () => {
  lab = await Lab.start();
  // The network is there, and nobody has the port.
  await lab.pod(C, [publish(5356)]);
  clients = [
    client(lab.host, '127.0.0.1'),
    client(lab.outside, '192.0.2.2'),
    client(lab.outside, 'fd99::2'),
    client(lab.outside, '192.0.2.2', 5355),
  ];
});

after(async () => {
  await lab.stop();
});

const REACHED = (): unknown[] => [lab.config.gateway4, '192.0.2.1', 'fd99::1', '192.0.2.1'];
const UNREACHED = Array.from({ length: 4 }, () => 'ETIMEDOUT');

async function reachedThen(pod: LabPod): Promise<void> {
  assert.deepEqual(await answers(), REACHED());
  await pod.cleanUp();
}

test('who sent to a UDP port before it was published reaches the pod once it is', async () => {
  assert.deepEqual(await answers(50), UNREACHED);
  await reachedThen(await lab.pod(A, PORTS));
});

test('who sent to the pod that had it before reaches the one that has it now', async () => {
  assert.deepEqual(await answers(50), UNREACHED);
  await reachedThen(await lab.pod(B, PORTS));
});

test('of a pod that has ended no client is remembered', async () => {
  await reachedThen(await lab.pod(A, PORTS));
  const remembered = lab.inHost(() => readFileSync('/proc/net/nf_conntrack', 'latin1'));
  assert.doesNotMatch(remembered, /dport=535[45]/);
});

test('nor what was sent while the firewall was gone', async () => {
  const pod = await lab.pod(B, PORTS);
  lab.inHost(() => run('nft flush ruleset'));
  assert.deepEqual(await answers(50), UNREACHED);
  lab.inHost(() => mendBridge(lab.root, lab.config, () => networkLedger(B, { config: lab.config, ...pod }, PORTS)));
  await reachedThen(pod);
});
