import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { findInterface } from '../../../stages/linux/netdevice.ts';
import { parseIp6 } from '../../../stages/stage0/network/ip.ts';
import { eventually } from '../../harness/eventually.ts';
import { inNamespace, Lab, type LabPod, run } from './lab.ts';
import { sendIcmp6 } from './raw-icmp6.ts';

/** Types of ICMPv6; RFC 2710, 3810, 4443 and 4861. */
const ECHO_REQUEST = 128;
const NEIGHBOUR_ADVERT = 136;
const FOR_ROUTERS = {
  'a query of listeners': [130, 'ff02::1', 16],
  'a report of listeners': [131, 'ff02::16', 20],
  'a listener that is done': [132, 'ff02::2', 20],
  'a report of listeners, version 2': [143, 'ff02::16', 4],
  'a router solicitation': [133, 'ff02::2', 4],
} as const;

let lab: Lab;
let a: LabPod;
let b: LabPod;

function inPod(pod: LabPod, command: string): string {
  return run(`nsenter -t ${pod.agent.pid} -n ${command}`);
}

/** Duplicate address detection withholds the source that is needed for a second. */
async function untilItsAddressIsIts(pod: LabPod): Promise<void> {
  await eventually(async () => assert.equal(inPod(pod, 'ip -6 addr show dev eth0 tentative'), ''));
}

function send(from: LabPod, to: string, ...message: number[]): void {
  inNamespace(`/proc/${from.agent.pid}/ns/net`, () =>
    sendIcmp6(findInterface('eth0')!.index, to, Uint8Array.from(message)),
  );
}

function body(length: number): number[] {
  return Array.from({ length }, () => 0);
}

/** Packets of each ICMPv6 type that came to `pod` from the other's MAC since `count`, before anything else saw them. */
function seenBy(pod: LabPod): Map<number, number> {
  const rules = inPod(pod, 'nft list chain inet watch arrivals').matchAll(/packets (\d+) bytes \d+ comment "(\d+)"/g);
  return new Map(Array.from(rules, ([, packets, type]) => [Number(type), Number(packets)]));
}

function count(pod: LabPod, from: string): void {
  inPod(pod, 'nft add table inet watch');
  inPod(pod, 'nft delete table inet watch');
  inPod(pod, 'nft add table inet watch');
  inPod(pod, 'nft add chain inet watch arrivals { type filter hook prerouting priority -300 ; }');
  for (const type of [...Object.values(FOR_ROUTERS).map(([type]) => type), ECHO_REQUEST, NEIGHBOUR_ADVERT])
    inPod(pod, `nft add rule inet watch arrivals ${from} icmpv6 type ${type} counter comment "${type}"`);
}

/** What may pass goes last: when it has come, so would have all that was sent before it. */
async function untilAnEchoCame(from: LabPod, to: LabPod): Promise<void> {
  send(from, 'ff02::1', ECHO_REQUEST, 0, ...body(6));
  await eventually(async () => assert.equal(seenBy(to).get(ECHO_REQUEST), 1));
}

before(async () => {
  lab = await Lab.start();
  a = await lab.pod('11111111-1111-4111-8111-111111111111');
  b = await lab.pod('22222222-2222-4222-8222-222222222222');
  await untilItsAddressIsIts(a);
  await untilItsAddressIsIts(b);
});

after(async () => {
  await lab.stop();
});

for (const [what, [type, to, length]] of Object.entries(FOR_ROUTERS)) {
  test(`${what} is not handed to another pod`, async () => {
    count(b, `ether saddr ${a.addresses.mac}`);
    send(a, to, type, 0, 0, 0, ...body(length));
    await untilAnEchoCame(a, b);
    assert.equal(seenBy(b).get(type), 0);
  });
}

test('nor is a neighbour advertisement that nobody asked for', async () => {
  count(b, `ether saddr ${a.addresses.mac}`);
  send(a, 'ff02::1', NEIGHBOUR_ADVERT, 0, 0, 0, 0x20, 0, 0, 0, ...parseIp6(a.addresses.ip6)!);
  await untilAnEchoCame(a, b);
  assert.equal(seenBy(b).get(NEIGHBOUR_ADVERT), 0);
});

test('neighbours that have forgotten each other find each other again', async () => {
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    // In this order: what is still on its way of the connection before may make one of them ask for the other again.
    count(from, `ether saddr ${to.addresses.mac}`);
    for (const pod of [a, b]) inPod(pod, 'ip -6 neigh flush dev eth0');
    assert.equal(await from.agent.connect({ host: to.addresses.ip6, port: 80 }), from.addresses.ip6);
    assert.match(inPod(from, `ip -6 neigh show ${to.addresses.ip6}`), new RegExp(to.addresses.mac));
    // The answer, which is for one node only.
    assert.ok(seenBy(from).get(NEIGHBOUR_ADVERT)! >= 1);
  }
});

test('what a pod says to routers when it starts is not handed to those that run', async () => {
  // All but the bridge itself, which is the host's.
  const link = lab.inHost(() => run(`ip -o link show ${lab.config.bridge}`));
  const [bridge] = /(?<=link\/ether )\S+/.exec(link)!;
  count(b, `ether saddr != ${bridge}`);
  const c = await lab.pod('33333333-3333-4333-8333-333333333333');
  await untilItsAddressIsIts(c);
  assert.equal(await c.agent.connect({ host: b.addresses.ip6, port: 80 }), c.addresses.ip6);
  await untilAnEchoCame(c, b);
  const seen = seenBy(b);
  for (const [what, [type]] of Object.entries(FOR_ROUTERS)) assert.equal(seen.get(type), 0, what);
});
