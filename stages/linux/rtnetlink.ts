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

export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
export const RTM_NEWADDR = 20;
export const RTM_NEWROUTE = 24;

const IFLA_ADDRESS = 1;
export const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
export const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_NET_NS_PID = 19;
const IFLA_AF_SPEC = 26;
const IFLA_NET_NS_FD = 28;
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
/** Neither of the states a bridge without spanning tree leaves by itself: `disabled` until the next news of the link, `blocking` at once. */
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

/** A bridge without spanning tree, whose ports forward at once. Made anew or left as it is. */
export function newBridge(bridge: { name: string; mac: Uint8Array; mtu: number }): NetlinkMessage {
  return {
    type: RTM_NEWLINK,
    flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
    header: ifinfomsg(false),
    attributes: [
      nameOf(bridge.name),
      // Without an address of its own the bridge takes its lowest port's, and pods would see their gateway's change.
      attribute(IFLA_ADDRESS, bridge.mac),
      attribute(IFLA_MTU, u32(bridge.mtu)),
      nest(
        IFLA_LINKINFO,
        attribute(IFLA_INFO_KIND, cString('bridge')),
        nest(
          IFLA_INFO_DATA,
          attribute(IFLA_BR_FORWARD_DELAY, u32(0)),
          attribute(IFLA_BR_STP_STATE, u32(0)),
          // Snooping holds neighbour discovery back until a querier speaks, and here none does.
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
  /** The bridge's interface index. Absent: it is put on one later. */
  readonly master?: Piece;
  readonly peer: VethEnd;
  /** The namespace the peer is made in: of a process, or behind a descriptor. */
  readonly netns: { readonly pid: Piece } | { readonly fd: Piece };
}

function endAttributes({ name, mtu, mac }: VethEnd): Attribute[] {
  // The kernel's default is a pair for each processor, every one an object in sysfs; a veth passes packets on without queueing.
  const queues = [IFLA_NUM_TX_QUEUES, IFLA_NUM_RX_QUEUES].map((type) => attribute(type, u32(1)));
  return [nameOf(name), attribute(IFLA_MTU, mtu), ...queues, ...(mac ? [attribute(IFLA_ADDRESS, mac)] : [])];
}

/** Both ends in one message: the host's up and on the bridge, the peer down where it belongs. */
export function newVeth({ host, master, peer, netns }: Veth): NetlinkMessage {
  const target = 'pid' in netns ? attribute(IFLA_NET_NS_PID, netns.pid) : attribute(IFLA_NET_NS_FD, netns.fd);
  const peerInfo: Attribute = {
    type: VETH_INFO_PEER,
    // Down: the kernel opens it before it knows its other end, and refuses with ENOTCONN.
    value: [...ifinfomsg(false), ...endAttributes(peer), target],
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

/** No IPv6 address of its own, which a link would get as soon as it has a carrier. Fails with EAFNOSUPPORT without IPv6. */
export function leaveWithoutIp6(name: string | Piece): NetlinkMessage {
  const mode = attribute(IFLA_INET6_ADDR_GEN_MODE, u8(IN6_ADDR_GEN_MODE_NONE));
  return changeLink(name, nest(IFLA_AF_SPEC, nest(AF_INET6, mode)), 'keep a link without IPv6 address');
}

/** Lets a bridge send frames back out of the port they came in by. */
export function setHairpin(name: string | Piece): NetlinkMessage {
  const data = nest(IFLA_INFO_SLAVE_DATA, attribute(IFLA_BRPORT_MODE, u8(1)));
  const info = nest(IFLA_LINKINFO, attribute(IFLA_INFO_SLAVE_KIND, cString('bridge')), data);
  return changeLink(name, info, 'let frames return by the port they came from');
}

/** The bridge neither takes frames from this port nor gives it any, and forgets whose came from there. At once; ENETDOWN: as it is. */
export function disconnectPort(name: string | Piece): NetlinkMessage {
  const state = attribute(IFLA_BRPORT_STATE, u8(BR_STATE_LISTENING));
  const data = nest(IFLA_INFO_SLAVE_DATA, state, attribute(IFLA_BRPORT_FLUSH, new Uint8Array(0)));
  const info = nest(IFLA_LINKINFO, attribute(IFLA_INFO_SLAVE_KIND, cString('bridge')), data);
  return changeLink(name, info, 'disconnect the link from the bridge');
}

/** Makes a link a port of the bridge with that index, which takes and gives frames at once. */
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

/** Adds an address, usable at once: we assign them, so duplicate address detection has nothing to find. */
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
