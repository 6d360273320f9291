import { AF_INET, AF_INET6 } from '../../linux/constants.ts';
import type { Attribute, NetlinkMessage } from '../../linux/netlink.ts';
import { be16, u8 } from '../../linux/netlink.ts';
import {
  NFPROTO_BRIDGE,
  NFPROTO_INET,
  newChain,
  newRule,
  newSet,
  newTable,
  type NftSet,
  type TableRef,
} from '../../linux/nftables.ts';
import * as nft from '../../linux/nftables-expressions.ts';
import { ip4FromNumber, netmask4, parseIp4, parseIp6, parsePrefix4 } from './ip.ts';
import { closedRooms, ROOM_BITS } from './rooms.ts';
import type { BridgeConfig } from './types.ts';

/**
 * The firewall of a bridge network, made once: pods only add and delete set elements. Two tables with the same name, because each
 * sees what the other cannot: `inet` the packets that the host routes, `bridge` the frames between pods.
 */
export function inetTable(config: BridgeConfig): TableRef {
  return { family: NFPROTO_INET, table: config.table };
}

export function bridgeTable(config: BridgeConfig): TableRef {
  return { family: NFPROTO_BRIDGE, table: config.table };
}

export const INET_SETS: Readonly<Record<'ports4' | 'ports6' | 'any4' | 'any6' | 'uplinks', NftSet>> = {
  ports4: { name: 'ports4', key: ['inet_proto', 'ipv4_addr', 'inet_service'], data: ['ipv4_addr', 'inet_service'] },
  ports6: { name: 'ports6', key: ['inet_proto', 'ipv6_addr', 'inet_service'], data: ['ipv6_addr', 'inet_service'] },
  any4: { name: 'any4', key: ['inet_proto', 'inet_service'], data: ['ipv4_addr', 'inet_service'] },
  any6: { name: 'any6', key: ['inet_proto', 'inet_service'], data: ['ipv6_addr', 'inet_service'] },
  uplinks: { name: 'uplinks', key: ['ifname'] },
};

export const BRIDGE_SETS: Readonly<Record<'links' | 'owners4' | 'owners6' | 'rooms', NftSet>> = {
  links: { name: 'links', key: ['ifname'] },
  owners4: { name: 'owners4', key: ['ifname', 'ether_addr', 'ipv4_addr'] },
  owners6: { name: 'owners6', key: ['ifname', 'ether_addr', 'ipv6_addr'] },
  rooms: { name: 'rooms', key: ['ifname', 'ipv4_addr'] },
};

/** Offsets in the headers that the rules read. */
const ETHER = { source: 6, type: 12 } as const;
const ARP = { senderMac: 8, senderIp: 14, targetIp: 24 } as const;
const IP4 = { source: 12, destination: 16 } as const;
const IP6 = { source: 8, destination: 24 } as const;
const ETHERTYPE = { arp: be16(0x0806), ip4: be16(0x0800), ip6: be16(0x86dd) } as const;
const IPPROTO_ICMPV6 = u8(58);
/** Ranges from the first to the last type; RFC 2710, 3810 and 4861. */
const ICMPV6 = {
  /** From hosts to multicast routers and routers: queries, reports, solicitations; and router advertisements. */
  toRouters: [130, 134],
  multicastReport: [143, 143],
  neighborAdvert: [136, 136],
  redirect: [137, 137],
} as const;

interface Rule {
  readonly chain: string;
  readonly comment: string;
  readonly match: readonly Attribute[];
}

export function firewallMessages(config: BridgeConfig): NetlinkMessage[] {
  return [...inetMessages(config), ...bridgeMessages(config)];
}

function inetMessages(config: BridgeConfig): NetlinkMessage[] {
  const table = inetTable(config);
  return [
    newTable(table),
    ...Object.values(INET_SETS).map((set, i) => newSet(table, set, i + 1)),
    newChain(table, { name: 'prerouting', type: 'nat', hook: 'prerouting', priority: -100 }),
    newChain(table, { name: 'output', type: 'nat', hook: 'output', priority: -100 }),
    newChain(table, { name: 'postrouting', type: 'nat', hook: 'postrouting', priority: 100 }),
    newChain(table, { name: 'forward', type: 'filter', hook: 'forward', priority: 0 }),
    newChain(table, { name: 'input', type: 'filter', hook: 'input', priority: 0 }),
    ...[
      ...publishRules('prerouting'),
      ...publishRules('output'),
      ...leaveRules(config),
      ...forwardRules(config),
      ...inputRules(config),
    ].map(({ chain, match, comment }) => newRule(table, chain, match, comment)),
  ];
}

function bridgeMessages(config: BridgeConfig): NetlinkMessage[] {
  const table = bridgeTable(config);
  return [
    newTable(table),
    ...Object.values(BRIDGE_SETS).map((set, i) => newSet(table, set, i + 101)),
    // NF_BR_PRI_FILTER_BRIDGED: before br_netfilter hands the frames to the inet table.
    newChain(table, { name: 'prerouting', type: 'filter', hook: 'prerouting', priority: -200 }),
    ...frameRules(config).map(({ chain, match, comment }) => newRule(table, chain, match, comment)),
  ];
}

/** Published ports, for connections from outside (prerouting) and from the host itself (output). */
function publishRules(chain: string): Rule[] {
  const port4 = { offset: IP4.destination, size: 4, family: AF_INET, loopback: [] };
  const port6 = { offset: IP6.destination, size: 16, family: AF_INET6, loopback: notLoopback6() };
  const destinationPort = (to: number): Attribute => nft.payload('transport', 2, 2, to);
  return [port4, port6].flatMap(({ offset, size, family, loopback }) => {
    const version = family === AF_INET ? 4 : 6;
    // A packet for another destination may have the same port number.
    const local = [...isFamily(family), ...nft.destinationIsLocal(), ...loopback];
    const words = size / 4;
    const address = nft.payload('network', offset, size, 1);
    const exact = [nft.meta('l4proto'), address, destinationPort(1 + words), nft.mapLookup(`ports${version}`)];
    const any = [nft.meta('l4proto'), destinationPort(1), nft.mapLookup(`any${version}`)];
    const translate = nft.dnat(family, words);
    return [
      { chain, match: [...local, ...exact, translate], comment: 'ports published on one address' },
      { chain, match: [...local, ...any, translate], comment: 'ports published on all addresses' },
    ];
  });
}

/**
 * IPv6 has no route_localnet: with br_netfilter, answers to ::1 are dropped on arrival. It is better to refuse the connection, so
 * that programs try 127.0.0.1 next, than to let it hang.
 */
function notLoopback6(): Attribute[] {
  return [nft.payload('network', IP6.destination, 16), nft.cmp('ne', parseIp6('::1')!)];
}

function isFamily(family: number): Attribute[] {
  return [nft.meta('nfproto'), nft.cmp('eq', u8(family))];
}

function oif(config: BridgeConfig, op: 'eq' | 'ne'): Attribute[] {
  return [nft.meta('oifname'), nft.cmp(op, nft.ifnameBytes(config.bridge))];
}

function iif(config: BridgeConfig, op: 'eq' | 'ne'): Attribute[] {
  return [nft.meta('iifname'), nft.cmp(op, nft.ifnameBytes(config.bridge))];
}

/** Rewrites source addresses that the receiver could not answer. */
function leaveRules(config: BridgeConfig): Rule[] {
  const chain = 'postrouting';
  const toPod = oif(config, 'eq');
  const translated = [...toPod, ...nft.ctHas('status', nft.CT_STATUS_DNAT)];
  const ip4 = isFamily(AF_INET);
  const ip6 = isFamily(AF_INET6);
  const { base, bits } = parsePrefix4(config.subnet4);
  const netmask = netmask4(bits);
  const from4 = [...ip4, nft.payload('network', IP4.source, 4), nft.mask(netmask), nft.cmp('eq', ip4FromNumber(base))];
  const prefix6 = parseIp6(config.gateway6)!.slice(0, 8);
  const from6 = [...ip6, nft.payload('network', IP6.source, 8), nft.cmp('eq', prefix6)];
  const loopback4 = [...ip4, nft.payload('network', IP4.source, 1), nft.cmp('eq', u8(127))];
  const rule = (match: readonly Attribute[], comment: string): Rule => ({
    chain,
    match: [...match, nft.masquerade()],
    comment,
  });
  return [
    rule([...toPod, ...loopback4], 'from the host itself by its loopback'),
    rule([...translated, ...from4], 'from pod to pod by a published port'),
    rule([...translated, ...from6], 'from pod to pod by a published port'),
    rule([...oif(config, 'ne'), ...from4], 'from pods to the outside'),
    rule([...oif(config, 'ne'), ...from6], 'from pods to the outside'),
  ];
}

function forwardRules(config: BridgeConfig): Rule[] {
  const chain = 'forward';
  const known = nft.ctHas('state', nft.CT_STATE.established | nft.CT_STATE.related);
  const uplinkToUplink = [nft.meta('iifname'), nft.lookup('uplinks'), nft.meta('oifname'), nft.lookup('uplinks')];
  const accept = nft.verdict('accept');
  const drop = nft.verdict('drop');
  return [
    { chain, match: [...known, accept], comment: 'answers' },
    {
      chain,
      match: [...oif(config, 'eq'), ...nft.ctHas('status', nft.CT_STATUS_DNAT), accept],
      comment: 'published ports',
    },
    // With br_netfilter, frames between pods pass through this chain too.
    { chain, match: [...iif(config, 'eq'), ...oif(config, 'eq'), accept], comment: 'from pod to pod' },
    { chain, match: [...oif(config, 'eq'), drop], comment: 'nothing else reaches a pod' },
    { chain, match: [...uplinkToUplink, drop], comment: 'the host forwards for pods only' },
  ];
}

/** The host may connect to a pod of a closed room and gets its answers; such a pod may not start connections to the host. */
function inputRules(config: BridgeConfig): Rule[] {
  const chain = 'input';
  const known = nft.ctHas('state', nft.CT_STATE.established | nft.CT_STATE.related);
  const closed = [...isFamily(AF_INET), ...isClosedRoom(config, IP4.source)];
  return [
    { chain, match: [...iif(config, 'eq'), ...known, nft.verdict('accept')], comment: 'answers' },
    { chain, match: [...iif(config, 'eq'), ...closed, nft.verdict('drop')], comment: 'closed rooms ask nobody' },
  ];
}

/** Matches when the address at this header offset is in a closed room; closed rooms are contiguous. */
function isClosedRoom(config: BridgeConfig, offset: number): Attribute[] {
  const { base, bits } = closedRooms(config);
  const netmask = netmask4(bits);
  return [nft.payload('network', offset, 4), nft.mask(netmask), nft.cmp('eq', ip4FromNumber(base))];
}

function type(kind: keyof typeof ETHERTYPE): Attribute[] {
  return [nft.payload('link', ETHER.type, 2), nft.cmp('eq', ETHERTYPE[kind])];
}

/** Pods of a closed room may send to each other, and answer the host. */
function roomRules(config: BridgeConfig): Rule[] {
  const room = netmask4(ROOM_BITS);
  const gateway = parseIp4(config.gateway4)!;
  // Registers 0 to 3 hold the link, register 4 the address without the bits that differ inside a room.
  const leavesRoom = (at: number): Attribute[] => [
    nft.payload('network', at, 4),
    nft.cmp('ne', gateway),
    nft.meta('iifname'),
    nft.payload('network', at, 4, 4),
    nft.mask(room, 4),
    nft.lookup('rooms', 'not-in'),
  ];
  const rule = (comment: string, kind: 'arp' | 'ip4', from: number, to: number): Rule => ({
    chain: 'prerouting',
    match: [...type(kind), ...isClosedRoom(config, from), ...leavesRoom(to), nft.verdict('drop')],
    comment,
  });
  return [
    rule('no question beyond its room', 'arp', ARP.senderIp, ARP.targetIp),
    rule('no way out of its room', 'ip4', IP4.source, IP4.destination),
  ];
}

/** Frames that a pod may send: with its own MAC and addresses, and no routing messages. */
function frameRules(config: BridgeConfig): Rule[] {
  const chain = 'prerouting';
  const accept = nft.verdict('accept');
  const drop = nft.verdict('drop');
  const linkAndMac = [nft.meta('iifname'), nft.payload('link', ETHER.source, 6, 4)];
  const arpMac = [nft.meta('iifname'), nft.payload('network', ARP.senderMac, 6, 4)];
  const arpIp = nft.payload('network', ARP.senderIp, 4, 6);
  const owns4 = nft.lookup('owners4');
  const icmp6 = (kind: keyof typeof ICMPV6): Attribute[] => [
    ...type('ip6'),
    nft.meta('l4proto'),
    nft.cmp('eq', IPPROTO_ICMPV6),
    nft.payload('transport', 0, 1),
    nft.cmp('gte', u8(ICMPV6[kind][0])),
    nft.cmp('lte', u8(ICMPV6[kind][1])),
  ];
  const rule = (comment: string, ...match: Attribute[]): Rule => ({ chain, match, comment });
  const loopback4 = [nft.payload('network', IP4.destination, 1), nft.cmp('eq', u8(127))];
  const multicast6 = [nft.payload('network', IP6.destination, 1), nft.cmp('eq', u8(0xff))];
  const target6 = [...linkAndMac, nft.payload('transport', 8, 16, 6), nft.lookup('owners6', 'not-in')];
  return [
    rule('not a pod', nft.meta('iifname'), nft.lookup('links', 'not-in'), accept),
    ...roomRules(config),
    rule('ARP of its own', ...type('arp'), ...linkAndMac, arpIp, owns4, ...arpMac, arpIp, owns4, accept),
    // route_localnet would deliver these packets to services that listen only on the host's loopback (CVE-2020-8558).
    rule('no way to the loopback', ...type('ip4'), ...loopback4, drop),
    rule('IPv4 of its own', ...type('ip4'), ...linkAndMac, nft.payload('network', IP4.source, 4, 6), owns4, accept),
    // The bridge would pass each of these frames to every other pod, a dozen from each starting pod, so that the work for n pods
    // would grow as n².
    rule('a pod is no router, and there is none to ask', ...icmp6('toRouters'), drop),
    rule('no router listens, and the bridge does not snoop', ...icmp6('multicastReport'), drop),
    rule('a pod is no router', ...icmp6('redirect'), drop),
    // An address and its MAC always belong together, so these messages contain no news.
    rule('nobody was asking', ...icmp6('neighborAdvert'), ...multicast6, drop),
    rule('no advertising of others', ...icmp6('neighborAdvert'), ...target6, drop),
    rule(
      'IPv6 of its own',
      ...type('ip6'),
      ...linkAndMac,
      nft.payload('network', IP6.source, 16, 6),
      nft.lookup('owners6'),
      accept,
    ),
    rule('nothing else', drop),
  ];
}
