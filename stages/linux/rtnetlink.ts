// rtnetlink(7), linux/if_link.h: links, addresses and routes as netlink messages.

import { AF_INET6 } from './constants.ts';
import {
  type Attribute,
  attribute,
  cString,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_EXCL,
  NLM_F_REPLACE,
  nest,
  type NetlinkMessage,
  type Piece,
  u32,
  u8,
} from './netlink.ts';

const RTM_NEWLINK = 16;
const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const RTM_NEWADDR = 20;
const RTM_NEWROUTE = 24;

const IFLA_ADDRESS = 1;
export const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
export const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_NET_NS_PID = 19;
const IFLA_AF_SPEC = 26;
const IFLA_NUM_TX_QUEUES = 31;
const IFLA_NUM_RX_QUEUES = 32;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_INFO_SLAVE_KIND = 4;
const IFLA_INFO_SLAVE_DATA = 5;
const VETH_INFO_PEER = 1;
const IFLA_BR_FORWARD_DELAY = 1;
const IFLA_BR_STP_STATE = 5;
const IFLA_BR_MCAST_SNOOPING = 23;

const IFLA_BRPORT_STATE = 1;
const IFLA_BRPORT_MODE = 4;
const IFLA_BRPORT_FLUSH = 24;
/**
 * A state that a bridge without spanning tree does not leave by itself, unlike `disabled`, which ends at the next event of the
 * link, and `blocking`, which ends at once.
 */
const BR_STATE_LISTENING = 1;
const IFLA_INET6_ADDR_GEN_MODE = 8;
const IN6_ADDR_GEN_MODE_NONE = 1;

const IFF_UP = 1;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_F_NODAD = 0x02;

const RTA_GATEWAY = 5;
const RT_TABLE_MAIN = 254;
const RTPROT_STATIC = 4;
const RTN_UNICAST = 1;

export const IFINFOMSG_SIZE = 16;

/** struct ifinfomsg; index 0 leaves the choice of the link to IFLA_IFNAME. */
function ifinfomsg(up: boolean, index: Piece = u32(0)): Piece[] {
  const flags = up ? IFF_UP : 0;
  return [u32(0), index, u32(flags), u32(flags)];
}

function nameOf(name: string | Piece): Attribute {
  return attribute(IFLA_IFNAME, typeof name === 'string' ? cString(name) : name);
}

/** A bridge without spanning tree, whose ports forward at once. Created if it does not exist, otherwise left as it is. */
export function newBridge(bridge: { name: string; mac: Uint8Array; mtu: number }): NetlinkMessage {
  return {
    type: RTM_NEWLINK,
    flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
    header: ifinfomsg(false),
    attributes: [
      nameOf(bridge.name),
      // Without a fixed address, the bridge uses that of its lowest port, and pods would see their gateway's address change.
      attribute(IFLA_ADDRESS, bridge.mac),
      attribute(IFLA_MTU, u32(bridge.mtu)),
      nest(
        IFLA_LINKINFO,
        attribute(IFLA_INFO_KIND, cString('bridge')),
        nest(
          IFLA_INFO_DATA,
          attribute(IFLA_BR_FORWARD_DELAY, u32(0)),
          attribute(IFLA_BR_STP_STATE, u32(0)),
          // Snooping would hold back neighbour discovery until a querier is seen, and there is none here.
          attribute(IFLA_BR_MCAST_SNOOPING, u8(0)),
        ),
      ),
    ],
    what: `make bridge "${bridge.name}"`,
  };
}

export interface VethEnd {
  readonly name: string | Piece;
  readonly mtu: Piece;
  readonly mac?: Piece;
}

export interface Veth {
  readonly host: VethEnd;
  /** The bridge's interface index. Absent: the link is connected to a bridge later. */
  readonly master?: Piece;
  readonly peer: VethEnd;
  /** The pid of a process in the namespace in which the peer is made. */
  readonly netnsPid: Piece;
}

function endAttributes({ name, mtu, mac }: VethEnd): Attribute[] {
  // By default the kernel makes a pair of queues for each processor, each an object in sysfs; a veth passes packets on without
  // queueing.
  const queues = [IFLA_NUM_TX_QUEUES, IFLA_NUM_RX_QUEUES].map((type) => attribute(type, u32(1)));
  return [nameOf(name), attribute(IFLA_MTU, mtu), ...queues, ...(mac ? [attribute(IFLA_ADDRESS, mac)] : [])];
}

/** Both ends in one message: the host's end up and on the bridge, the peer down in its namespace. */
export function newVeth({ host, master, peer, netnsPid }: Veth): NetlinkMessage {
  const peerInfo: Attribute = {
    type: VETH_INFO_PEER,
    // Down: the kernel would open it before it knows its other end, and fail with ENOTCONN.
    value: [...ifinfomsg(false), ...endAttributes(peer), attribute(IFLA_NET_NS_PID, netnsPid)],
  };
  return {
    type: RTM_NEWLINK,
    flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
    header: ifinfomsg(true),
    attributes: [
      ...endAttributes(host),
      ...(master ? [attribute(IFLA_MASTER, master)] : []),
      nest(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, cString('veth')), nest(IFLA_INFO_DATA, peerInfo)),
    ],
    what: 'make the pair of virtual links',
  };
}

function changeLink(name: string | Piece, change: Attribute, what: string): NetlinkMessage {
  return { type: RTM_NEWLINK, flags: NLM_F_ACK, header: ifinfomsg(false), attributes: [nameOf(name), change], what };
}

/**
 * Keeps the link from getting an IPv6 address, which it would get as soon as it has a carrier. Fails with EAFNOSUPPORT without
 * IPv6.
 */
export function leaveWithoutIp6(name: string | Piece): NetlinkMessage {
  const mode = attribute(IFLA_INET6_ADDR_GEN_MODE, u8(IN6_ADDR_GEN_MODE_NONE));
  return changeLink(name, nest(IFLA_AF_SPEC, nest(AF_INET6, mode)), 'keep a link without IPv6 address');
}

/** Lets the bridge send frames back out of the port they came from. */
export function setHairpin(name: string | Piece): NetlinkMessage {
  const data = nest(IFLA_INFO_SLAVE_DATA, attribute(IFLA_BRPORT_MODE, u8(1)));
  const info = nest(IFLA_LINKINFO, attribute(IFLA_INFO_SLAVE_KIND, cString('bridge')), data);
  return changeLink(name, info, 'let frames return by the port they came from');
}

/**
 * Stops the bridge from taking frames from the port or sending to it, and makes it forget the addresses learned there. Takes effect
 * at once. ENETDOWN: the port was in that state already.
 */
export function disconnectPort(name: string | Piece): NetlinkMessage {
  const state = attribute(IFLA_BRPORT_STATE, u8(BR_STATE_LISTENING));
  const data = nest(IFLA_INFO_SLAVE_DATA, state, attribute(IFLA_BRPORT_FLUSH, new Uint8Array(0)));
  const info = nest(IFLA_LINKINFO, attribute(IFLA_INFO_SLAVE_KIND, cString('bridge')), data);
  return changeLink(name, info, 'disconnect the link from the bridge');
}

/** Makes a link a port of the bridge with that index. The port forwards frames at once. */
export function joinBridge(name: string | Piece, index: Piece): NetlinkMessage {
  return changeLink(name, attribute(IFLA_MASTER, index), 'connect the link to the bridge');
}

export function setLinkUp(name: string): NetlinkMessage {
  const attributes = [nameOf(name)];
  return { type: RTM_NEWLINK, flags: NLM_F_ACK, header: ifinfomsg(true), attributes, what: `set link "${name}" up` };
}

export function deleteLink(name: string): NetlinkMessage {
  const attributes = [nameOf(name)];
  return { type: RTM_DELLINK, flags: NLM_F_ACK, header: ifinfomsg(false), attributes, what: `delete link "${name}"` };
}

export function getLinks(): NetlinkMessage {
  return { type: RTM_GETLINK, flags: 0, header: ifinfomsg(false), attributes: [], what: 'list links' };
}

/** Adds an address that is usable at once: we assign the addresses, so duplicate address detection has nothing to find. */
export function newAddress(family: number, address: Piece, prefixBits: number, index: Piece): NetlinkMessage {
  return {
    type: RTM_NEWADDR,
    flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
    header: [Uint8Array.of(family, prefixBits, family === AF_INET6 ? IFA_F_NODAD : 0, 0), index],
    attributes: [attribute(IFA_LOCAL, address), attribute(IFA_ADDRESS, address)],
    what: `add the IPv${family === AF_INET6 ? 6 : 4} address`,
  };
}

export function newDefaultRoute(family: number, gateway: Piece): NetlinkMessage {
  const rtmsg = Uint8Array.of(family, 0, 0, 0, RT_TABLE_MAIN, RTPROT_STATIC, 0, RTN_UNICAST, 0, 0, 0, 0);
  return {
    type: RTM_NEWROUTE,
    flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
    header: [rtmsg],
    attributes: [attribute(RTA_GATEWAY, gateway)],
    what: `add the IPv${family === AF_INET6 ? 6 : 4} default route`,
  };
}
