import { AF_INET, AF_INET6, AT_FDCWD, O_CLOEXEC, O_WRONLY } from '../../linux/constants.ts';
import { SIOCGIFINDEX, IFNAMSIZ, IFREQ_SIZE } from '../../linux/netdevice.ts';
import { hole, NETLINK_NETFILTER, NETLINK_ROUTE } from '../../linux/netlink.ts';
import { batch, NFPROTO_BRIDGE, NFPROTO_INET } from '../../linux/nftables.ts';
import {
  disconnectPort,
  newAddress,
  newDefaultRoute,
  newVeth,
  leaveWithoutIp6,
  setHairpin,
  setLinkUp,
} from '../../linux/rtnetlink.ts';
import { offset, sym, type SourcePosition, type Tape } from '../../tape/program.ts';
import type { NetworkSpec } from '../manifest/spec.ts';
import { ADDRESS_KIND } from './addresses.ts';
import { NO_IPV6, SUBNET4_BITS, SUBNET6_BITS } from './bridge-config.ts';
import { FORGETS_NOTHING, forgetSenders } from './forget-udp.ts';
import { PORT_KIND, portKey } from './port-claims.ts';
import { addGroup, deleteGroup, type ElementGroup, type FirewallPod, podElements } from './pod-elements.ts';
import { NETWORK_HOLES as HOLES } from './symbols.ts';
import { SHARED_MARK } from './shared.ts';
import { type Bandwidth, shapeLink } from './shaping.ts';
import { planExchange, type TapeMessage } from './tape-netlink.ts';
import type { PublishedPort } from './types.ts';

/** The pod's end of its link. */
const POD_LINK = 'eth0';

/** linux/if.h: IFF_BROADCAST and IFF_MULTICAST without IFF_UP, in the format of /sys/class/net/LINK/flags. */
const LINK_DOWN = '0x1002';

function symbolicPod(staysInside: boolean): FirewallPod {
  return {
    inet: { family: NFPROTO_INET, table: HOLES.nftTable },
    bridge: { family: NFPROTO_BRIDGE, table: HOLES.nftTable },
    link: hole('vethName', 16),
    mac: HOLES.mac,
    ip4: HOLES.ip4,
    ip6: HOLES.ip6,
    ip6Link: HOLES.ip6Link,
    ...(staysInside ? { room: HOLES.room } : {}),
  };
}

/** True when the pod waits for its place on the bridge. */
export function isHeld(network: NetworkSpec): boolean {
  return network.mode === 'bridge' && network.isHeld === true;
}

/** For the `link` tape: adds the pod's firewall elements, then puts its link into its namespace and onto the bridge. */
export function planVeth(
  tape: Tape,
  network: NetworkSpec,
  ports: readonly PublishedPort[],
  bandwidth?: Bandwidth,
): void {
  if (!usesBridge(network)) return;
  const { at } = network;
  // Elements first: a link must never be up while its owner is unknown.
  planExchange(tape, {
    protocol: NETLINK_NETFILTER,
    name: 'netfilter',
    messages: elementBatch(network, ports, 'add'),
    at,
  });
  planForgetting(tape, ports, at);
  const veth = newVeth({
    host: { name: HOLES.vethName, mtu: HOLES.bridgeMtu },
    ...(isHeld(network) ? {} : { master: HOLES.bridgeIndex }),
    peer: { name: POD_LINK, mtu: HOLES.bridgeMtu, mac: HOLES.mac },
    netnsPid: hole('initPid', 4),
  });
  planExchange(tape, {
    protocol: NETLINK_ROUTE,
    name: 'rtnetlink',
    messages: [{ message: veth, at, why: 'link the pod to the bridge' }, ...hostEndMessages(at, ports)],
    stores: { initPid: tape.program.reg('initPid') },
    at,
  });
  if (bandwidth) planHostShaping(tape, bandwidth);
}

/** Called after the elements have been added or removed: earlier packets would make the kernel track the connection again. */
function planForgetting(tape: Tape, ports: readonly PublishedPort[], at: SourcePosition): void {
  const messages = forgetSenders(ports).map(({ message, port }) => ({
    message,
    at: port.at,
    tolerate: FORGETS_NOTHING,
  }));
  if (messages.length === 0) return;
  planExchange(tape, {
    protocol: NETLINK_NETFILTER,
    name: 'conntrack',
    messages,
    at,
  });
}

/** The kernel needs the index of the link, which is known only once the link exists. */
function planHostShaping(tape: Tape, bandwidth: Bandwidth): void {
  const { at } = bandwidth;
  const ifreq = tape.bytes([sym('vethName', IFNAMSIZ), new Uint8Array(IFREQ_SIZE - IFNAMSIZ)]);
  planExchange(tape, {
    protocol: NETLINK_ROUTE,
    name: 'rtnetlink',
    messages: [shapeLink(hole('linkIndex', 4), bandwidth)],
    gathers: { linkIndex: offset(ifreq, IFNAMSIZ) },
    at,
    prepare: (socket) => tape.call('ioctl', [socket, SIOCGIFINDEX, ifreq], { at, why: "find the pod's link" }),
  });
}

function hostEndMessages(at: SourcePosition, ports: readonly PublishedPort[]): TapeMessage[] {
  // A bridge port needs no IPv6 address, with its routes and multicast groups.
  const bare: TapeMessage = { message: leaveWithoutIp6(HOLES.vethName), at, tolerate: ['EAFNOSUPPORT'] };
  const [port] = ports;
  if (!port) return [bare];
  // With br_netfilter, packets of a pod to its own published port are turned around inside the bridge.
  return [bare, { message: setHairpin(HOLES.vethName), at: port.at, why: 'let the pod use its own published ports' }];
}

/** For the `network` tape, played inside: sets up the loopback, and on a bridge the addresses and routes of `eth0`. */
export function planNetworkInside(tape: Tape, network: NetworkSpec, bandwidth?: Bandwidth): void {
  if (network.mode === 'host' || network.mode === 'pod') return;
  const { at } = network;
  const loopback: TapeMessage = { message: setLinkUp('lo'), at };
  if (!usesBridge(network)) {
    planExchange(tape, { protocol: NETLINK_ROUTE, name: 'rtnetlink', messages: [loopback], at });
    return;
  }
  const ifreq = tape.bytes(ifreqOf(POD_LINK));
  planExchange(tape, {
    protocol: NETLINK_ROUTE,
    name: 'rtnetlink',
    messages: [loopback, ...shaping(bandwidth), ...addressMessages(at, isConfined(network))],
    gathers: { linkIndex: offset(ifreq, IFNAMSIZ) },
    at,
    // The index is not always 2: if tunnel modules are loaded, every new namespace already has their links.
    prepare: (socket) => tape.call('ioctl', [socket, SIOCGIFINDEX, ifreq], { at, why: `find the pod's "${POD_LINK}"` }),
  });
}

function shaping(bandwidth: Bandwidth | undefined): TapeMessage[] {
  return bandwidth ? [shapeLink(hole('linkIndex', 4), bandwidth)] : [];
}

function addressMessages(at: SourcePosition, staysInside: boolean): TapeMessage[] {
  const index = hole('linkIndex', 4);
  const first = [
    { message: setLinkUp(POD_LINK), at },
    { message: newAddress(AF_INET, HOLES.ip4, SUBNET4_BITS, index), at },
  ];
  // Without a route out, connection attempts fail at once.
  if (staysInside) return first;
  return [
    ...first,
    { message: newAddress(AF_INET6, HOLES.ip6, SUBNET6_BITS, index), at, tolerate: NO_IPV6 },
    { message: newDefaultRoute(AF_INET, HOLES.gateway4), at },
    { message: newDefaultRoute(AF_INET6, HOLES.gateway6), at, tolerate: NO_IPV6 },
  ];
}

function ifreqOf(name: string): Uint8Array {
  const bytes = new Uint8Array(IFREQ_SIZE);
  bytes.set(Buffer.from(name));
  return bytes;
}

/**
 * For the `cleanup` tape: removes what does not end with the namespace. Either all elements exist or none, because they were added
 * in one batch. The claims go last, when none of the addresses is in use any more.
 */
export function planNetworkCleanup(tape: Tape, network: NetworkSpec, ports: readonly PublishedPort[]): void {
  // In other modes nothing is published: a claim of such a port would be another pod's.
  if (network.mode !== 'bridge') return;
  if (network.room) planDisconnect(tape, network.at);
  const messages = elementBatch(network, ports, 'delete');
  planExchange(tape, { protocol: NETLINK_NETFILTER, name: 'netfilter', messages, at: network.at, leaveOpen: true });
  planForgetting(tape, ports, network.at);
  planSilence(tape, network.at);
  planRelease(tape, ADDRESS_KIND, sym('ip4Text'), network.at, "free the pod's address");
  for (const port of ports) planRelease(tape, PORT_KIND, portKey(port), port.at, `free host port ${port.hostPort}`);
}

/**
 * A pod that shares this pod's network keeps the namespace, and so the link, alive after this pod's end. The link must be down
 * before another pod gets the address. The sharing pod left a symbolic link to the link's switch; in most pods there is none.
 */
function planSilence(tape: Tape, at: SourcePosition): void {
  const flags = tape.program.reg('shared');
  const reason = { at, why: 'take down the link that another pod still has' };
  // The pod is already in `exited`.
  const path = tape.text([sym('root'), '/pods/exited/', sym('uuid'), `/${SHARED_MARK}`]);
  tape.call('openat', [AT_FDCWD, path, O_WRONLY | O_CLOEXEC, 0], {
    ...reason,
    out: flags,
    tolerate: ['ENOENT'],
  });
  // Without a mark there is no descriptor. EINVAL: the link is gone already.
  tape.call('write', [flags, tape.text(LINK_DOWN), LINK_DOWN.length], {
    ...reason,
    tolerate: ['EBADF', 'EINVAL', 'ENODEV'],
  });
  tape.call('close', [flags], { ...reason, tolerate: ['EBADF'] });
}

/**
 * The kernel takes some time to remove a namespace, and until then its addresses answer; the next pod in this place has the same
 * addresses.
 */
function planDisconnect(tape: Tape, at: SourcePosition): void {
  const message = disconnectPort(HOLES.vethName);
  planExchange(tape, {
    protocol: NETLINK_ROUTE,
    name: 'rtnetlink',
    // EOPNOTSUPP: the link was never put on the bridge.
    messages: [{ message, at, tolerate: ['ENODEV', 'ENETDOWN', 'EOPNOTSUPP'] }],
    at,
  });
}

function planRelease(
  tape: Tape,
  kind: string,
  key: string | ReturnType<typeof sym>,
  at: SourcePosition,
  why: string,
): void {
  const path = tape.text([sym('root'), `/claims/${kind}/`, key]);
  tape.call('unlinkat', [AT_FDCWD, path, 0], { at, why, tolerate: ['ENOENT'] });
}

function elementBatch(network: NetworkSpec, ports: readonly PublishedPort[], change: 'add' | 'delete'): TapeMessage[] {
  const groups = podElements(symbolicPod(isConfined(network)), ports).map((group) =>
    elementMessage(group, network.at, change),
  );
  const [begin, end] = batch([]);
  return [{ message: begin!, at: network.at }, ...groups, { message: end!, at: network.at }];
}

function elementMessage(group: ElementGroup<PublishedPort>, at: SourcePosition, change: 'add' | 'delete'): TapeMessage {
  const { port } = group;
  const what = port
    ? `publish port ${port.port} as host port ${port.hostPort}`
    : "bind the pod's addresses to its link";
  if (change === 'add') return { message: addGroup(group), at: port?.at ?? at, why: what };
  return { message: deleteGroup(group), at: port?.at ?? at, why: `no longer ${what}`, tolerate: ['ENOENT'] };
}

function isConfined(network: NetworkSpec): boolean {
  return network.mode === 'bridge' && network.room === 'closed';
}

function usesBridge(network: NetworkSpec): boolean {
  return network.mode === 'bridge';
}
