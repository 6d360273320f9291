// nft(8), "socket cgroupv2": priorities of packets by their socket's cgroup

import { AT_FDCWD } from '../../linux/constants.ts';
import { cString, hole, NETLINK_NETFILTER, type NetlinkMessage, type Piece } from '../../linux/netlink.ts';
import { batch, deleteTable, newChain, newRule, newTable, NFPROTO_INET, type TableRef } from '../../linux/nftables.ts';
import { cmp, ifnameBytes, meta, setPriority, socketCgroup } from '../../linux/nftables-expressions.ts';
import { type DataRef, offset, type SourcePosition, type Tape, type Text } from '../../tape/program.ts';
import type { PacketMark } from '../isolators/isolator.ts';
import { planExchange } from './tape-netlink.ts';

/** A version 2 cgroup and the marks for its packets. */
export interface MarkedCgroup {
  /** Its directory. */
  readonly path: Text;
  /** Its level below the root of the tree. */
  readonly level: number;
  readonly marks: readonly PacketMark[];
}

/** Precedes the uuid: each pod with marks has a table, so that one message removes all of its marks. */
const MARKS_TABLE = 'pod-marks-';
const CHAIN = 'output';
/** NF_IP_PRI_MANGLE: where packets are modified. */
const MANGLE = -150;
const UUID_BYTES = 36;

export function marksTable(uuid: Piece): TableRef {
  const prefix = cString(MARKS_TABLE).subarray(0, -1);
  return { family: NFPROTO_INET, table: [prefix, uuid, Uint8Array.of(0)] };
}

/** Marks of later cgroups take precedence over those of earlier ones. The cgroups must exist. */
export function planMarks(host: Tape, cgroups: readonly MarkedCgroup[], at: SourcePosition): void {
  const table = marksTable(hole('uuid', UUID_BYTES));
  const chain = { name: CHAIN, type: 'filter', hook: 'output', priority: MANGLE } as const;
  const rules = cgroups.flatMap(({ level, marks }, index) =>
    marks.map((mark) => ({ message: ruleOf(table, level, idHole(index), mark), at: mark.at, why: mark.why })),
  );
  const [begin, newTableMessage, newChainMessage, end] = batch([newTable(table), newChain(table, chain)]);
  planExchange(host, {
    protocol: NETLINK_NETFILTER,
    name: 'marks',
    messages: [
      { message: begin!, at },
      { message: newTableMessage!, at },
      { message: newChainMessage!, at },
      ...rules,
      { message: end!, at },
    ],
    gathers: Object.fromEntries(cgroups.map(({ path }, index) => [idHole(index), planId(host, path, at)])),
    at,
  });
}

export function planMarksCleanup(settle: Tape, at: SourcePosition): void {
  const messages = batch([deleteTable(marksTable(hole('uuid', UUID_BYTES)))]);
  planExchange(settle, {
    protocol: NETLINK_NETFILTER,
    name: 'marks',
    messages: messages.map((message) => ({ message, at, tolerate: ['ENOENT'] as const })),
    at,
    leaveOpen: true,
  });
}

function idHole(index: number): string {
  return `cgroupId${index}`;
}

function ruleOf(table: TableRef, level: number, id: string, mark: PacketMark): NetlinkMessage {
  const link = mark.interface === undefined ? [] : [meta('oifname'), cmp('eq', ifnameBytes(mark.interface))];
  const expressions = [...link, socketCgroup(level), cmp('eq', hole(id, ID_BYTES)), ...setPriority(mark.priority)];
  return newRule(table, CHAIN, expressions, mark.why);
}

const ID_BYTES = 8;
/** struct file_handle: handle_bytes and handle_type; fs/kernfs/mount.c: the handle is the id. */
const HANDLE_HEADER_BYTES = 8;

/** Reads the id of a cgroup, which is only known once the cgroup exists. */
function planId(host: Tape, path: Text, at: SourcePosition): DataRef {
  const handle = host.bytes([Uint8Array.of(ID_BYTES, 0, 0, 0), new Uint8Array(4 + ID_BYTES)]);
  const mountId = host.buffer(4);
  host.call('name_to_handle_at', [AT_FDCWD, host.text(path), handle, mountId, 0], {
    at,
    why: 'look up the id of a cgroup',
  });
  return offset(handle, HANDLE_HEADER_BYTES);
}
