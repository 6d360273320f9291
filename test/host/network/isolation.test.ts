import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { findInterface } from '../../../stages/linux/netdevice.ts';
import { eventually } from '../../harness/eventually.ts';
import { Agent } from './agent.ts';
import { inNamespace, Lab, type LabPod, run } from './lab.ts';
import { sendRouterAdvert } from './raw-icmp6.ts';

/** What must not come is waited for so long; what may come takes milliseconds. */
const SILENCE_MS = 300;

let lab: Lab;
let a: LabPod;
let b: LabPod;
/** On a second network of the host. */
let farther: Agent;

/** Runs a command in the pod's namespace, with all of root's privileges there: more than any app has. */
function inPod(pod: LabPod, command: string): string {
  return run(`nsenter -t ${pod.agent.pid} -n ${command}`);
}

/** 198.51.100.2 on the host; the other end, which answers, has 198.51.100.1 and a route back. */
async function addUplink({ name }: Lab): Promise<Agent> {
  run(`ip netns add ${name}f`);
  run(`ip link add up1 netns ${name}h type veth peer name up0 netns ${name}f`);
  run(`ip -n ${name}h addr add 198.51.100.2/24 dev up1`);
  run(`ip -n ${name}f addr add 198.51.100.1/24 dev up0`);
  run(`ip -n ${name}h link set up1 up`);
  run(`ip -n ${name}f link set up0 up`);
  run(`ip -n ${name}f route add default via 198.51.100.2`);
  return Agent.start(['nsenter', `--net=/run/netns/${name}f`]);
}

before(async () => {
  lab = await Lab.start();
  farther = await addUplink(lab);
  a = await lab.pod('11111111-1111-4111-8111-111111111111');
  b = await lab.pod('22222222-2222-4222-8222-222222222222');
});

after(async () => {
  await lab.stop();
  await farther.stop();
  run(`ip netns del ${lab.name}f`);
});

test('a pod cannot speak from an address that is not its own', async () => {
  const foreign4 = '10.99.99.99';
  const foreign6 = 'fd98::99';
  inPod(a, `ip addr add ${foreign4}/32 dev eth0`);
  inPod(a, `ip addr add ${foreign6}/128 dev eth0 nodad`);
  // Answers would find their way.
  inPod(b, `ip route add ${foreign4} via ${a.addresses.ip4}`);
  inPod(b, `ip route add ${foreign6} via ${a.addresses.ip6}`);
  const from = (localAddress: string, host: string, timeoutMs?: number): Promise<string> =>
    a.agent.connect({ host, port: 80, localAddress, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  // Neighbours know each other from here on, so that it is the packets themselves that are judged.
  assert.equal(await from(a.addresses.ip4, b.addresses.ip4), a.addresses.ip4);
  assert.equal(await from(a.addresses.ip6, b.addresses.ip6), a.addresses.ip6);
  assert.equal(await from(foreign4, b.addresses.ip4, SILENCE_MS), 'ETIMEDOUT');
  assert.equal(await from(foreign6, b.addresses.ip6, SILENCE_MS), 'ETIMEDOUT');
  assert.equal(await from(a.addresses.ip4, b.addresses.ip4), a.addresses.ip4);
  inPod(a, `ip addr del ${foreign4}/32 dev eth0`);
  inPod(a, `ip addr del ${foreign6}/128 dev eth0`);
});

test('a pod cannot take the address of another pod', async () => {
  const { gateway4 } = lab.config;
  assert.equal(await lab.host.connect({ host: b.addresses.ip4, port: 80 }), gateway4);
  inPod(a, `ip addr add ${b.addresses.ip4}/32 dev eth0`);
  // Asking for the gateway's MAC in the other's name redirects what the gateway has for that name.
  inPod(a, 'ip neigh flush dev eth0');
  await a.agent.connect({ host: gateway4, port: 80, localAddress: b.addresses.ip4, timeoutMs: SILENCE_MS });
  assert.match(
    lab.inHost(() => run(`ip neigh show ${b.addresses.ip4}`)),
    new RegExp(b.addresses.mac),
  );
  inPod(a, `ip addr del ${b.addresses.ip4}/32 dev eth0`);
});

test('a pod cannot speak from a MAC that is not its own', async () => {
  inPod(a, 'ip link set eth0 address 06:70:00:00:00:99');
  assert.equal(await a.agent.connect({ host: b.addresses.ip4, port: 80, timeoutMs: SILENCE_MS }), 'ETIMEDOUT');
  inPod(a, `ip link set eth0 address ${a.addresses.mac}`);
  assert.equal(await a.agent.connect({ host: b.addresses.ip4, port: 80 }), a.addresses.ip4);
});

test("a pod's router advertisements reach nobody", async () => {
  const routes = (): string => inPod(b, 'ip -6 route show default');
  const earlier = routes();
  // The advertisement needs a link-local source, which duplicate address detection withholds for a second.
  await eventually(async () => assert.equal(inPod(a, 'ip -6 addr show dev eth0 tentative'), ''));
  inNamespace(`/proc/${a.agent.pid}/ns/net`, () => sendRouterAdvert(findInterface('eth0')!.index));
  await delay(SILENCE_MS);
  assert.equal(routes(), earlier);
  assert.doesNotMatch(
    lab.inHost(() => run('ip -6 route show default')),
    /ra/,
  );
});

test("a pod cannot reach what listens on the host's loopback only", async () => {
  for (const own of ['127.0.0.1', '127.0.0.0/8']) inPod(a, `ip route del local ${own} dev lo table local`);
  inPod(a, 'sysctl -q -w net.ipv4.conf.all.route_localnet=1');
  inPod(a, `ip route add 127.0.0.1/32 via ${lab.config.gateway4}`);
  lab.inHost(() => {
    run('nft add table inet watch');
    run('nft add chain inet watch input { type filter hook input priority 0 ; }');
    run(`nft add rule inet watch input iifname ${lab.config.bridge} ip daddr 127.0.0.0/8 counter`);
  });
  await a.agent.connect({ host: '127.0.0.1', port: 80, localAddress: a.addresses.ip4, timeoutMs: SILENCE_MS });
  assert.match(
    lab.inHost(() => run('nft list table inet watch')),
    /counter packets 0 /,
  );
});

test('the host does not become a router between its uplinks', async () => {
  run(`ip -n ${lab.name}o route add 198.51.100.0/24 via 192.0.2.2`);
  assert.equal(await lab.outside.connect({ host: '198.51.100.1', port: 80, timeoutMs: SILENCE_MS }), 'ETIMEDOUT');
  assert.equal(await b.agent.connect({ host: '198.51.100.1', port: 80 }), '198.51.100.2');
  assert.equal(await b.agent.connect({ host: '192.0.2.1', port: 80 }), '192.0.2.2');
});
