// netlink(7): decodes the kernel's answers.

import { NLMSG_ERROR, NLMSG_HDRLEN } from './netlink.ts';

const NLM_F_CAPPED = 0x100;
const NLM_F_ACK_TLVS = 0x200;
const NLMSGERR_ATTR_MSG = 1;

/** NLA_F_NESTED and NLA_F_NET_BYTEORDER are not part of the type. */
const NLA_TYPE_MASK = 0x3fff;

export interface NetlinkReply {
  readonly type: number;
  readonly flags: number;
  readonly seq: number;
  readonly payload: Uint8Array;
}

export interface NetlinkOutcome {
  /** 0: success. */
  readonly errno: number;
  /** The kernel's own message (NETLINK_EXT_ACK), if there is one. */
  readonly text?: string;
}

export function parseReplies(bytes: Uint8Array): NetlinkReply[] {
  const view = viewOf(bytes);
  const replies: NetlinkReply[] = [];
  for (let at = 0; at + NLMSG_HDRLEN <= bytes.length;) {
    const length = view.getUint32(at, true);
    if (length < NLMSG_HDRLEN || at + length > bytes.length) throw new Error('netlink: truncated message');
    replies.push({
      type: view.getUint16(at + 4, true),
      flags: view.getUint16(at + 6, true),
      seq: view.getUint32(at + 8, true),
      payload: bytes.subarray(at + NLMSG_HDRLEN, at + length),
    });
    at += align4(length);
  }
  return replies;
}

/** Values by type; for duplicate types the last one counts, as in the kernel's nla_parse. */
export function parseAttributes(bytes: Uint8Array): Map<number, Uint8Array> {
  return new Map(listAttributes(bytes).map(({ type, value }) => [type, value]));
}

/** All attributes in order, for lists whose members share a type. */
export function listAttributes(bytes: Uint8Array): { type: number; value: Uint8Array }[] {
  const view = viewOf(bytes);
  const found: { type: number; value: Uint8Array }[] = [];
  for (let at = 0; at + 4 <= bytes.length;) {
    const length = view.getUint16(at, true);
    if (length < 4 || at + length > bytes.length) throw new Error('netlink: truncated attribute');
    found.push({ type: view.getUint16(at + 2, true) & NLA_TYPE_MASK, value: bytes.subarray(at + 4, at + length) });
    at += align4(length);
  }
  return found;
}

/** The result in an NLMSG_ERROR message (struct nlmsgerr); undefined for any other message. */
export function parseOutcome({ type, flags, payload }: NetlinkReply): NetlinkOutcome | undefined {
  if (type !== NLMSG_ERROR) return undefined;
  const view = viewOf(payload);
  const errno = 0 - view.getInt32(0, true);
  if ((flags & NLM_F_ACK_TLVS) === 0) return { errno };
  // The failed message is echoed before the attributes; for an ack, and when capped, only its header.
  const echoed = errno === 0 || (flags & NLM_F_CAPPED) !== 0 ? NLMSG_HDRLEN : view.getUint32(4, true);
  const text = parseAttributes(payload.subarray(4 + align4(echoed))).get(NLMSGERR_ATTR_MSG);
  return text ? { errno, text: stringOf(text) } : { errno };
}

/** The text up to the NUL. */
export function stringOf(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? [])
    .toString('latin1')
    .replace(/\0.*$/s, '');
}

function align4(length: number): number {
  return (length + 3) & ~3;
}

/** Of these bytes only, which may be part of a buffer. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
