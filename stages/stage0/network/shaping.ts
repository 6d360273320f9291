import { type TokenBucket, newTokenBucket } from '../../linux/qdisc.ts';
import type { Piece } from '../../linux/netlink.ts';
import type { SourcePosition } from '../../tape/program.ts';
import type { TapeMessage } from './tape-netlink.ts';

/** The limit on what a pod may send and receive over its link. */
export interface Bandwidth {
  readonly bytesPerSecond: number;
  readonly at: SourcePosition;
}

/** A packet of the largest MTU in use with its headers; the kernel splits larger packets made by the stack. */
const MIN_BURST_BYTES = 16 * 1024;
const BURST_SECONDS = 0.02;
const QUEUE_SECONDS = 0.1;
const MAX_BYTES = 0x7fff_ffff;

function bucketOf({ bytesPerSecond }: Bandwidth): TokenBucket {
  const burst = Math.min(MAX_BYTES, Math.max(MIN_BURST_BYTES, Math.round(bytesPerSecond * BURST_SECONDS)));
  const queue = Math.min(MAX_BYTES, burst + Math.round(bytesPerSecond * QUEUE_SECONDS));
  return { rate: bytesPerSecond, burst, queue };
}

/** One end of the link. Each end shapes what it sends, so both together shape both directions; loopback is not shaped. */
export function shapeLink(index: Piece, bandwidth: Bandwidth): TapeMessage {
  return { message: newTokenBucket(index, bucketOf(bandwidth)), at: bandwidth.at, why: 'limit the network bandwidth' };
}
