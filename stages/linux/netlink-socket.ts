// netlink(7): a synchronous socket. rtnetlink and nf_tables do their work inside sendto(2), so all answers are available when it
// returns.

import { SOCK_CLOEXEC } from './constants.ts';
import { ERRNO, SyscallError } from './errno.ts';
import { Fd } from './fd.ts';
import { encodeMessages, NLM_F_ACK, NLM_F_DUMP, NLM_F_DUMP_INTR, NLMSG_DONE, type NetlinkMessage } from './netlink.ts';
import { type NetlinkOutcome, type NetlinkReply, parseOutcome, parseReplies } from './netlink-decode.ts';
import type { NetworkNamespace } from './network-namespace.ts';
import { syscall, trySyscall } from './syscall.ts';

export const AF_NETLINK = 16;
export const SOCK_RAW = 3;
export const MSG_DONTWAIT = 0x40;

const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;

/** The kernel fills dumps in pages of at most this size. */
const RECEIVE_BYTES = 32768;

/** A netlink message that the kernel rejected, with the kernel's explanation. */
export class NetlinkError extends SyscallError {
  /** Index of the message in the request. */
  readonly index: number;
  readonly kernelText: string | undefined;

  constructor(what: string, errno: number, index: number, kernelText?: string) {
    super(what, errno);
    this.name = 'NetlinkError';
    this.index = index;
    this.kernelText = kernelText;
    if (kernelText) this.message += `: ${kernelText}`;
  }
}

export class NetlinkSocket implements Disposable {
  readonly #fd: Fd;
  readonly #buffer = new Uint8Array(new ArrayBuffer(RECEIVE_BYTES));
  #seq = 1;

  /** `within`: the socket belongs to that namespace, wherever it is used. */
  constructor(protocol: number, within?: NetworkNamespace) {
    const make = (): Fd => new Fd(syscall('socket', AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
    this.#fd = within ? within.inside(make) : make();
    const on = Uint8Array.of(1, 0, 0, 0);
    for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK]) {
      syscall('setsockopt', this.#fd.number, SOL_NETLINK, option, on, on.length);
    }
  }

  /**
   * Sends all messages at once. Throws a `NetlinkError` for the first message that the kernel rejected, unless its errno is
   * tolerated.
   */
  request(messages: readonly NetlinkMessage[], tolerated: readonly number[] = []): void {
    this.outcomes(messages).forEach((outcome, index) => {
      if (!outcome || outcome.errno === 0 || tolerated.includes(outcome.errno)) return;
      throw new NetlinkError(messages[index]!.what, outcome.errno, index, outcome.text);
    });
  }

  /** The outcome of each message; undefined where the kernel sends none, as for the frame of a batch. */
  outcomes(messages: readonly NetlinkMessage[]): (NetlinkOutcome | undefined)[] {
    const first = this.#send(messages);
    const outcomes: (NetlinkOutcome | undefined)[] = messages.map(() => undefined);
    for (const reply of this.#receive()) {
      const index = reply.seq - first;
      if (index in outcomes) outcomes[index] = parseOutcome(reply) ?? outcomes[index];
    }
    messages.forEach((message, index) => {
      if ((message.flags & NLM_F_ACK) !== 0 && !outcomes[index] && !outcomes.some((outcome) => outcome?.errno)) {
        throw new Error(`netlink: no answer to "${message.what}"`);
      }
    });
    return outcomes;
  }

  /** Lists kernel objects; retries when the list changes meanwhile. */
  dump(message: NetlinkMessage): NetlinkReply[] {
    for (let attempt = 0; attempt < 10; attempt++) {
      const first = this.#send([{ ...message, flags: message.flags | NLM_F_DUMP }]);
      const replies = this.#receive().filter((reply) => reply.seq === first);
      for (const reply of replies) {
        const outcome = parseOutcome(reply);
        if (outcome?.errno) throw new NetlinkError(message.what, outcome.errno, 0, outcome.text);
      }
      if (replies.every((reply) => (reply.flags & NLM_F_DUMP_INTR) === 0)) {
        return replies.filter((reply) => reply.type !== NLMSG_DONE);
      }
    }
    throw new NetlinkError(message.what, ERRNO.EINTR, 0);
  }

  [Symbol.dispose](): void {
    this.#fd[Symbol.dispose]();
  }

  #send(messages: readonly NetlinkMessage[]): number {
    const first = this.#seq;
    this.#seq += messages.length;
    const { bytes, holes } = encodeMessages(messages, first);
    if (holes.length > 0) throw new Error(`netlink: hole "${holes[0]!.name}" is not filled`);
    syscall('sendto', this.#fd.number, bytes, bytes.length, 0, null, 0);
    return first;
  }

  #receive(): NetlinkReply[] {
    const replies: NetlinkReply[] = [];
    for (;;) {
      const length = trySyscall('recvfrom', this.#fd.number, this.#buffer, RECEIVE_BYTES, MSG_DONTWAIT, null, null);
      if (length === -ERRNO.EAGAIN) return replies;
      if (length === -ERRNO.EINTR) continue;
      if (length < 0) throw new SyscallError('recvfrom', -length, 'from netlink');
      replies.push(...parseReplies(this.#buffer.slice(0, length)));
    }
  }
}
