import { AF_NETLINK, MSG_DONTWAIT, SOCK_RAW } from '../../linux/netlink-socket.ts';
import { SOCK_CLOEXEC } from '../../linux/constants.ts';
import { ERRNO, type ErrnoName } from '../../linux/errno.ts';
import {
  type EncodedMessages,
  encodeMessages,
  NLM_F_ACK,
  NLMSG_HDRLEN,
  type NetlinkMessage,
} from '../../linux/netlink.ts';
import { u64 } from '../../linux/structs.ts';
import {
  type Bytes,
  type DataRef,
  offset,
  type Reg,
  type SourcePosition,
  type Sym,
  sym,
  type Tape,
} from '../../tape/program.ts';

/** A message on a tape. Its holes are symbols, unless the exchange says otherwise. */
export interface TapeMessage {
  readonly message: NetlinkMessage;
  readonly at: SourcePosition;
  /** Default: the message's own description. */
  readonly why?: string;
  readonly tolerate?: readonly ErrnoName[];
}

export interface Exchange {
  readonly protocol: number;
  /** Name of the socket's register. */
  readonly name: string;
  readonly messages: readonly TapeMessage[];
  /** 4-byte holes that are filled from a register when the tape is played. */
  readonly stores?: Readonly<Record<string, Reg>>;
  /** Holes that are filled with bytes that earlier ops of the tape have written elsewhere in the data. */
  readonly gathers?: Readonly<Record<string, DataRef>>;
  readonly at: SourcePosition;
  /**
   * Closing a netfilter socket waits until the objects deleted over it are freed, an RCU grace period (5 to 20 ms). A tape whose
   * process is about to end leaves the socket open.
   */
  readonly leaveOpen?: boolean;
  /** Ops between making the socket and sending. */
  readonly prepare?: (socket: Reg) => void;
}

/**
 * An ack is an nlmsghdr, the error, and the nlmsghdr it refers to. Anything longer is cut off, because the tape reads only the
 * error.
 */
const REPLY_BYTES = 40;
const REPLY_ERROR = NLMSG_HDRLEN;
const MSGHDR_BYTES = 56;
const MMSGHDR_BYTES = 64;

/**
 * Sends all messages in one call and receives all answers in another: the kernel has answered when the send returns, with one ack
 * for each message, in their order. A failure of the whole request (EPERM, a batch that cannot be committed) comes as the first
 * answer.
 */
export function planExchange(tape: Tape, exchange: Exchange): void {
  const socket = tape.program.reg(exchange.name);
  const { at } = exchange;
  const place = { at, why: 'talk to the kernel about the network' };
  tape.call('socket', [AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, exchange.protocol], { ...place, out: socket });
  exchange.prepare?.(socket);
  planSend(tape, socket, exchange, place);
  const acked = exchange.messages.filter(({ message }) => (message.flags & NLM_F_ACK) !== 0);
  const replies = planReceive(tape, socket, acked.length, place);
  acked.forEach((item, i) => {
    const options = { at: item.at, why: item.why ?? item.message.what };
    const tolerate = item.tolerate ? { tolerate: item.tolerate } : {};
    tape.call('tape.check32', [offset(replies, i * REPLY_BYTES + REPLY_ERROR)], { ...options, ...tolerate });
  });
  if (!exchange.leaveOpen) tape.call('close', [socket], place);
}

type Place = { readonly at: SourcePosition; readonly why: string };

/** A range of contiguous bytes in the data section. */
interface Segment {
  readonly ref: DataRef;
  readonly size: number;
}

function planSend(tape: Tape, socket: Reg, exchange: Exchange, place: Place): void {
  const encoded = encodeMessages(exchange.messages.map(({ message }) => message));
  const segments = layOut(tape, encoded, exchange, place);
  const [first] = segments;
  if (segments.length === 1 && first) {
    tape.call('sendto', [socket, first.ref, first.size, 0, 0, 0], place);
    return;
  }
  const iov = tape.bytes(segments.flatMap(({ ref, size }) => [ref, u64(size)]));
  const msghdr = tape.bytes([new Uint8Array(16), iov, u64(segments.length), new Uint8Array(24)]);
  tape.call('sendmsg', [socket, msghdr, 0], place);
}

function layOut(tape: Tape, { bytes, holes }: EncodedMessages, exchange: Exchange, place: Place): Segment[] {
  const segments: Segment[] = [];
  let parts: (Uint8Array | Sym)[] = [];
  let stores: { at: number; reg: Reg }[] = [];
  let start = 0;
  let done = 0;
  const finish = (end: number): void => {
    const ref = tape.bytes([...parts, bytes.slice(done, end)]);
    for (const { at, reg } of stores) tape.call('tape.store32', [offset(ref, at - start), reg], place);
    segments.push({ ref, size: end - start });
    parts = [];
    stores = [];
  };
  for (const { name, size, offset: at } of holes) {
    const gathered = exchange.gathers?.[name];
    const stored = exchange.stores?.[name];
    if (gathered) {
      finish(at);
      segments.push({ ref: gathered, size });
      start = done = at + size;
    } else if (stored) {
      stores.push({ at, reg: stored });
    } else {
      parts.push(bytes.slice(done, at), sym(name, size));
      done = at + size;
    }
  }
  finish(bytes.length);
  return segments;
}

/** The place of the answers, `REPLY_BYTES` apart. */
function planReceive(tape: Tape, socket: Reg, count: number, place: Place): DataRef {
  // Each slot initially says "no answer": a missing answer must not count as success.
  const slot = new Uint8Array(REPLY_BYTES);
  new DataView(slot.buffer).setInt32(REPLY_ERROR, -ERRNO.ENODATA, true);
  const replies = tape.bytes(Array.from({ length: count }, () => slot));
  const numbers = Array.from({ length: count }, (_, i) => i);
  const iov = tape.bytes(numbers.flatMap((i) => [offset(replies, i * REPLY_BYTES), u64(REPLY_BYTES)]));
  const tail = new Uint8Array(MMSGHDR_BYTES - MSGHDR_BYTES + 24);
  const headers: Bytes = numbers.flatMap((i) => [new Uint8Array(16), offset(iov, 16 * i), u64(1), tail]);
  tape.call('recvmmsg', [socket, tape.bytes(headers), count, MSG_DONTWAIT, 0], place);
  return replies;
}
