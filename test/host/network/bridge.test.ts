import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { findInterface } from '../../../stages/linux/netdevice.ts';
import { ensureBridge, removeBridge } from '../../../stages/stage0/network/bridge.ts';
import { markerPath } from '../../../stages/stage0/network/find-bridge.ts';
import * as claims from '../../../stages/stage0/pod/claims.ts';
import { eventually } from '../../harness/eventually.ts';
import { Lab, type LabPod, publish, run } from './lab.ts';

const A = '11111111-1111-4111-8111-111111111111';
const B = '22222222-2222-4222-8222-222222222222';
const C = '33333333-3333-4333-8333-333333333333';

/** Everything in the host's namespace that a pod could change. */
function hostState(lab: Lab): string {
  return lab.inHost(() =>
    ['ip -o link', 'ip -o addr', 'ip route', 'ip -6 route', 'nft list ruleset', 'sysctl -e -a -r conf.*forwarding']
      .map((command) => run(command).replaceAll(/\d+sec| tentative/g, ''))
      .join('\n'),
  );
}

let lab: Lab;
let a: LabPod;
let b: LabPod;
let untouched: string;

before(async () => {
  lab = await Lab.start();
  untouched = hostState(lab);
  a = await lab.pod(A, [publish(8080), publish(5353, { protocol: 'udp' }), publish(8081, { hostIP: '127.0.0.1' })]);
  b = await lab.pod(B, [publish(8082, { hostIP: '192.0.2.2' }), publish(8083, { hostIP: 'fd99::2' })]);
});

after(async () => {
  await lab.stop();
});

test('two pods reach each other by IPv4 and IPv6 and see the true source', async () => {
  assert.equal(await a.agent.connect({ host: b.addresses.ip4, port: 80 }), a.addresses.ip4);
  assert.equal(await a.agent.connect({ host: b.addresses.ip6, port: 80 }), a.addresses.ip6);
  assert.equal(await b.agent.connect({ host: a.addresses.ip4, port: 80 }), b.addresses.ip4);
});

test('the host reaches a pod by its address, and a pod the host by the gateway', async () => {
  const { gateway4, gateway6 } = lab.config;
  assert.equal(await lab.host.connect({ host: a.addresses.ip4, port: 80 }), gateway4);
  assert.equal(await lab.host.connect({ host: a.addresses.ip6, port: 80 }), gateway6);
  assert.equal(await a.agent.connect({ host: gateway4, port: 80 }), a.addresses.ip4);
});

test('a published port is reached from the host by its loopback and its addresses', async () => {
  const { gateway4 } = lab.config;
  assert.equal(await lab.host.connect({ host: '127.0.0.1', port: 8080 }), gateway4);
  // Refused at once, so that programs go on to the next address of "localhost".
  assert.equal(await lab.host.connect({ host: '::1', port: 8080 }), 'ECONNREFUSED');
  assert.equal(await lab.host.connect({ host: '192.0.2.2', port: 8080 }), '192.0.2.2');
  assert.equal(await lab.host.connect({ host: 'fd99::2', port: 8080 }), 'fd99::2');
  assert.equal(await lab.host.connect({ host: '127.0.0.1', port: 8081 }), gateway4);
});

test('a published port is reached from outside, which the pod sees', async () => {
  assert.equal(await lab.outside.connect({ host: '192.0.2.2', port: 8080 }), '192.0.2.1');
  assert.equal(await lab.outside.connect({ host: 'fd99::2', port: 8080 }), 'fd99::1');
  assert.equal(await lab.outside.connect({ host: '192.0.2.2', port: 5353, protocol: 'udp' }), '192.0.2.1');
  assert.equal(await lab.outside.connect({ host: '192.0.2.2', port: 8082 }), '192.0.2.1');
  assert.equal(await lab.outside.connect({ host: 'fd99::2', port: 8083 }), 'fd99::1');
});

test('a port published on the loopback is not reached from outside, one on an address not by another', async () => {
  assert.equal(await lab.outside.connect({ host: '192.0.2.2', port: 8081 }), 'ECONNREFUSED');
  assert.equal(await lab.host.connect({ host: '127.0.0.1', port: 8082 }), 'ECONNREFUSED');
});

test('a pod reaches a published port, its own too', async () => {
  const { gateway4 } = lab.config;
  assert.equal(await a.agent.connect({ host: '192.0.2.2', port: 8080 }), gateway4);
  assert.equal(await b.agent.connect({ host: '192.0.2.2', port: 8080 }), gateway4);
  assert.equal(await b.agent.connect({ host: gateway4, port: 8080 }), gateway4);
});

test('pods reach the outside, which sees the host', async () => {
  assert.equal(await a.agent.connect({ host: '192.0.2.1', port: 80 }), '192.0.2.2');
  assert.equal(await a.agent.connect({ host: '192.0.2.1', port: 80, protocol: 'udp' }), '192.0.2.2');
  assert.equal(await a.agent.connect({ host: 'fd99::1', port: 80 }), 'fd99::2');
});

test('nothing from outside reaches a pod by its own address', async () => {
  const { subnet4, subnet6 } = lab.config;
  run(`ip -n ${lab.name}o route add ${subnet4} via 192.0.2.2`);
  run(`ip -n ${lab.name}o route add ${subnet6} via fd99::2`);
  assert.equal(await lab.outside.connect({ host: a.addresses.ip4, port: 80, timeoutMs: 300 }), 'ETIMEDOUT');
  assert.equal(await lab.outside.connect({ host: a.addresses.ip6, port: 80, timeoutMs: 300 }), 'ETIMEDOUT');
});

function timeOf(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

function median(times: readonly number[]): number {
  return times.toSorted((x, y) => x - y)[times.length >> 1]!;
}

test('making the bridge again changes nothing and costs no more than to look', () => {
  const config = lab.config;
  const earlier = hostState(lab);
  // What that takes is the machine's; a lock or a question by netlink would be half of it again, or more.
  const look = (): void => assert.ok(existsSync(markerPath(lab.root)) && findInterface(config.bridge));
  const pairs = lab.inHost(() =>
    Array.from({ length: 200 }, () => [timeOf(() => ensureBridge(lab.root, config)), timeOf(look)] as const),
  );
  const [made, looked] = [median(pairs.map(([time]) => time)), median(pairs.map(([, time]) => time))];
  assert.ok(made < 1.5 * looked, `${made} ms, and ${looked} to look`);
  assert.equal(hostState(lab), earlier);
});

test('the bridge stays while a pod holds an address', () => {
  assert.equal(
    lab.inHost(() => removeBridge(claims, lab.root, lab.config)),
    false,
  );
});

test('when the pods are gone and the bridge is removed, the host is as it was', async () => {
  const c = await lab.pod(C, [publish(8090)]);
  for (const pod of [a, b, c]) await pod.cleanUp();
  assert.deepEqual(claims.listClaims(lab.root), []);
  assert.doesNotMatch(
    lab.inHost(() => run('nft list ruleset')),
    /elements = \{ [^}]*(vp|\. )/,
  );
  assert.equal(
    lab.inHost(() => removeBridge(claims, lab.root, lab.config)),
    true,
  );
  // The kernel takes a namespace down after its last process, in its own time.
  await eventually(async () => assert.equal(hostState(lab), untouched));
});
