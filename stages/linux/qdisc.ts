// tc-tbf(8), linux/pkt_sched.h, linux/rtnetlink.h: a token bucket as a link's queueing discipline.

import {
  attribute,
  cString,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLM_F_REPLACE,
  nest,
  type NetlinkMessage,
  type Piece,
  u32,
} from './netlink.ts';
import { parseAttributes, viewOf } from './netlink-decode.ts';
import type { NetlinkSocket } from './netlink-socket.ts';

const RTM_NEWQDISC = 36;
const RTM_GETQDISC = 38;
const TC_H_ROOT = 0xffff_ffff;
/** 1: */
const HANDLE = 0x1_0000;

const TCA_KIND = 1;
const TCA_OPTIONS = 2;
const TCA_TBF_PARMS = 1;
const TCA_TBF_RATE64 = 4;
const TCA_TBF_BURST = 6;
/** Without this value the kernel expects a rate table, as the tools of 2001 sent it. */
const TC_LINKLAYER_ETHERNET = 1;

export interface TokenBucket {
  /** Bytes per second. */
  readonly rate: number;
  /** Bytes that may be sent at once; at least one packet. */
  readonly burst: number;
  /** Bytes that may be queued before packets are dropped. */
  readonly queue: number;
}

/** struct tc_tbf_qopt: two struct tc_ratespec of 12 bytes, then limit, buffer and mtu. */
function parameters({ rate, queue }: TokenBucket): Uint8Array {
  const view = new DataView(new ArrayBuffer(36));
  view.setUint8(1, TC_LINKLAYER_ETHERNET);
  view.setUint32(8, Math.min(rate, 0xffff_ffff), true);
  view.setUint32(24, queue, true);
  return new Uint8Array(view.buffer);
}

/** Limits what leaves through the link to the bucket's rate. */
export function newTokenBucket(index: Piece, bucket: TokenBucket): NetlinkMessage {
  const rate64 = new Uint8Array(new BigUint64Array([BigInt(bucket.rate)]).buffer);
  return {
    type: RTM_NEWQDISC,
    flags: NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE,
    // struct tcmsg: family, ifindex, handle, parent, info.
    header: [u32(0), index, u32(HANDLE), u32(TC_H_ROOT), u32(0)],
    attributes: [
      attribute(TCA_KIND, cString('tbf')),
      nest(
        TCA_OPTIONS,
        attribute(TCA_TBF_PARMS, parameters(bucket)),
        attribute(TCA_TBF_BURST, u32(bucket.burst)),
        attribute(TCA_TBF_RATE64, rate64),
      ),
    ],
    what: `let ${bucket.rate} bytes a second pass`,
  };
}

/** The offset of the link in struct tcmsg, and of the attributes. */
const TCM_IFINDEX = 4;
const TCM_BYTES = 20;

export interface LinkRate {
  readonly index: number;
  /** Bytes per second. */
  readonly rate: number;
}

/** The token buckets of the socket's network namespace. */
export function tokenBucketRates(socket: NetlinkSocket): LinkRate[] {
  const header = [new Uint8Array(TCM_BYTES)];
  const message: NetlinkMessage = {
    type: RTM_GETQDISC,
    flags: 0,
    header,
    attributes: [],
    what: 'list queueing disciplines',
  };
  return socket.dump(message).flatMap(({ payload }) => {
    const attributes = parseAttributes(payload.subarray(TCM_BYTES));
    const kind = attributes.get(TCA_KIND);
    const options = attributes.get(TCA_OPTIONS);
    if (!kind || !options || Buffer.from(kind).toString('latin1') !== 'tbf\0') return [];
    return [{ index: viewOf(payload).getInt32(TCM_IFINDEX, true), rate: rateOf(parseAttributes(options)) }];
  });
}

/** The 64-bit attribute is only present when 32 bits are not enough. */
function rateOf(options: ReadonlyMap<number, Uint8Array>): number {
  const long = options.get(TCA_TBF_RATE64);
  if (long) return Number(viewOf(long).getBigUint64(0, true));
  const parms = options.get(TCA_TBF_PARMS);
  return parms ? viewOf(parms).getUint32(8, true) : 0;
}
