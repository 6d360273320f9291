// Reads the rules of plan-marks.ts from the kernel

import { NETLINK_NETFILTER } from '../../linux/netlink.ts';
import { stringOf } from '../../linux/netlink-decode.ts';
import { NetlinkSocket } from '../../linux/netlink-socket.ts';
import { type RuleExpression, readRules } from '../../linux/nftables-rules.ts';
import { marksTable } from './plan-marks.ts';

/** The priority of packets from sockets in a version 2 cgroup; `interface` absent: on any interface. */
export interface MarkInForce {
  readonly cgroupId: bigint;
  readonly interface?: string;
  readonly priority: number;
}

/** The marks of a pod and its apps, in the caller's network namespace, which is also the namespace of pods with marks. */
export function readMarks(uuid: string): MarkInForce[] {
  using socket = new NetlinkSocket(NETLINK_NETFILTER);
  return readRules(socket, marksTable(Buffer.from(uuid))).map(markOf);
}

/** A comparison refers to the value loaded last: the interface's name, or the cgroup's id. */
function markOf(expressions: readonly RuleExpression[]): MarkInForce {
  let mark: MarkInForce = { cgroupId: 0n, priority: 0 };
  let loaded = '';
  for (const { name, constant } of expressions) {
    const bytes = Buffer.from(constant);
    if (name === 'cmp' && loaded === 'meta') mark = { ...mark, interface: stringOf(bytes) };
    if (name === 'cmp' && loaded === 'socket' && bytes.length === 8)
      mark = { ...mark, cgroupId: bytes.readBigUInt64LE() };
    if (name === 'immediate' && bytes.length === 4) mark = { ...mark, priority: bytes.readUInt32LE() };
    loaded = name;
  }
  return mark;
}
