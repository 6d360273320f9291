// conntrack(8), linux/netfilter/nfnetlink_conntrack.h: deletes connections that the kernel tracks, as netlink messages.

import { attribute, nest, type NetlinkMessage, NLM_F_ACK, type Piece, u32, u8 } from './netlink.ts';
import { AF_INET, AF_INET6 } from './constants.ts';

const NFNL_SUBSYS_CTNETLINK = 1;
const IPCTNL_MSG_CT_DELETE = 2;

const CTA_TUPLE_ORIG = 1;
const CTA_FILTER = 25;
const CTA_FILTER_ORIG_FLAGS = 1;
const CTA_TUPLE_IP = 1;
const CTA_IP_V4_DST = 2;
const CTA_TUPLE_PROTO = 2;
const CTA_PROTO_NUM = 1;
const CTA_PROTO_DST_PORT = 3;

/** net/netfilter/nf_internals.h: which members of a tuple are compared. */
const BY_DESTINATION = 1 << 1;
const BY_PROTOCOL = 1 << 3;
const BY_DESTINATION_PORT = 1 << 5;

const IPPROTO_UDP = 17;

/**
 * Deletes tracked IPv4 UDP "connections" that began with a packet to this address and port; without an address, to this port of any
 * address. Until Linux 6.10: fails with EINVAL and deletes nothing.
 */
export function forgetUdp4(port: Piece, address?: Piece): NetlinkMessage {
  const by = address ? [nest(CTA_TUPLE_IP, attribute(CTA_IP_V4_DST, address))] : [];
  return forgetUdp(AF_INET, port, by, address ? BY_DESTINATION : 0);
}

/** The same for IPv6, by port only: Linux (6.18) takes an IPv6 address in this message for the connection to keep. */
export function forgetUdp6(port: Piece): NetlinkMessage {
  return forgetUdp(AF_INET6, port, [], 0);
}

function forgetUdp(
  family: number,
  port: Piece,
  address: readonly ReturnType<typeof nest>[],
  flags: number,
): NetlinkMessage {
  const protocol = nest(
    CTA_TUPLE_PROTO,
    attribute(CTA_PROTO_NUM, u8(IPPROTO_UDP)),
    attribute(CTA_PROTO_DST_PORT, port),
  );
  return {
    type: (NFNL_SUBSYS_CTNETLINK << 8) | IPCTNL_MSG_CT_DELETE,
    flags: NLM_F_ACK,
    header: [Uint8Array.of(family, 0, 0, 0)],
    attributes: [
      nest(CTA_TUPLE_ORIG, ...address, protocol),
      nest(CTA_FILTER, attribute(CTA_FILTER_ORIG_FLAGS, u32(flags | BY_PROTOCOL | BY_DESTINATION_PORT))),
    ],
    what: 'forget who sent to the port before',
  };
}
