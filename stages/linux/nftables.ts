// nft(8), linux/netfilter/nf_tables.h: tables, chains, sets, rules and set elements as netlink messages. Their numbers are in
// network byte order. Changes come in batches; the kernel applies all of a batch or nothing.

import {
  type Attribute,
  attribute,
  be16,
  be32,
  cString,
  NLM_F_ACK,
  NLM_F_APPEND,
  NLM_F_CREATE,
  NLM_F_EXCL,
  nest,
  type NetlinkMessage,
  type Piece,
} from './netlink.ts';
import { listAttributes, type NetlinkReply, parseAttributes, stringOf, viewOf } from './netlink-decode.ts';

export const NFPROTO_INET = 1;
export const NFPROTO_IPV4 = 2;
export const NFPROTO_BRIDGE = 7;
export const NFPROTO_IPV6 = 10;

const NFNL_SUBSYS_NFTABLES = 10;
const NFNL_MSG_BATCH_BEGIN = 16;
const NFNL_MSG_BATCH_END = 17;

const NFT_MSG_NEWTABLE = 0;
const NFT_MSG_GETTABLE = 1;
const NFT_MSG_DELTABLE = 2;
const NFT_MSG_NEWCHAIN = 3;
const NFT_MSG_GETCHAIN = 4;
const NFT_MSG_NEWRULE = 6;
const NFT_MSG_GETRULE = 7;
const NFT_MSG_NEWSET = 9;
const NFT_MSG_NEWSETELEM = 12;
const NFT_MSG_GETSETELEM = 13;
const NFT_MSG_DELSETELEM = 14;

const NFT_SET_MAP = 8;
/** sizeof(struct nfgenmsg) */
const NFGENMSG_SIZE = 4;
const NFTA_LIST_ELEM = 1;
const NFTA_DATA_VALUE = 1;

const NF_DROP = 0;

/** From netfilter.h; the same for the families inet and bridge. */
export const NF_HOOK = { prerouting: 0, input: 1, forward: 2, output: 3, postrouting: 4 } as const;

/** Identifies a table; its name may be filled in later. */
export interface TableRef {
  readonly family: number;
  readonly table: string | Piece | readonly Piece[];
}

function message(
  op: number,
  flags: number,
  ref: TableRef,
  attributes: readonly Attribute[],
  what: string,
): NetlinkMessage {
  const type = (NFNL_SUBSYS_NFTABLES << 8) | op;
  return { type, flags: NLM_F_ACK | flags, header: [Uint8Array.of(ref.family, 0, 0, 0)], attributes, what };
}

/** The first attribute is always the name of a table: the table itself, or the table of a set or chain. */
function tableOf({ table }: TableRef): Attribute {
  if (typeof table === 'string') return attribute(1, cString(table));
  return 'length' in table && !(table instanceof Uint8Array) ? attribute(1, ...table) : attribute(1, table);
}

/**
 * Wraps the messages in one transaction. The frame itself is not acknowledged: an answer to it means that the whole batch failed.
 */
export function batch(messages: readonly NetlinkMessage[]): NetlinkMessage[] {
  const header = [Uint8Array.of(0, 0), be16(NFNL_SUBSYS_NFTABLES)];
  const frame = { flags: 0, header, attributes: [], what: 'change the firewall' };
  return [{ type: NFNL_MSG_BATCH_BEGIN, ...frame }, ...messages, { type: NFNL_MSG_BATCH_END, ...frame }];
}

export function newTable(ref: TableRef): NetlinkMessage {
  return message(NFT_MSG_NEWTABLE, NLM_F_CREATE, ref, [tableOf(ref)], 'make the firewall table');
}

export function getTable(ref: TableRef): NetlinkMessage {
  return message(NFT_MSG_GETTABLE, 0, ref, [tableOf(ref)], 'look for the firewall table');
}

/** A dump request: the tables of the family. */
export function listTables(family: number): NetlinkMessage {
  const type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETTABLE;
  const header = [Uint8Array.of(family, 0, 0, 0)];
  return { type, flags: NLM_F_ACK, header, attributes: [], what: 'list the firewall tables' };
}

/** In an answer to `listTables`. */
export function tableName({ payload }: NetlinkReply): string {
  return stringOf(parseAttributes(payload.subarray(NFGENMSG_SIZE)).get(1));
}

export function deleteTable(ref: TableRef): NetlinkMessage {
  return message(NFT_MSG_DELTABLE, 0, ref, [tableOf(ref)], 'delete the firewall table');
}

export interface BaseChain {
  readonly name: string;
  readonly type: 'filter' | 'nat';
  readonly hook: keyof typeof NF_HOOK;
  readonly priority: number;
}

/** What a dump of the chains says of one that is at a hook. */
export interface HookedChain {
  /** NFPROTO_… */
  readonly family: number;
  readonly table: string;
  readonly name: string;
  readonly hook: number;
  /** Of packets that no rule decides. */
  readonly drops: boolean;
}

/** A dump request: the chains of all families. */
export function listChains(): NetlinkMessage {
  const type = (NFNL_SUBSYS_NFTABLES << 8) | NFT_MSG_GETCHAIN;
  return { type, flags: NLM_F_ACK, header: [Uint8Array.of(0, 0, 0, 0)], attributes: [], what: 'list firewall chains' };
}

/** In an answer to `listChains`; undefined for a chain that is not at a hook. */
export function hookedChain({ payload }: NetlinkReply): HookedChain | undefined {
  const chain = parseAttributes(payload.subarray(NFGENMSG_SIZE));
  const hook = chain.get(4);
  const number = hook && parseAttributes(hook).get(1);
  if (!number) return undefined;
  const policy = chain.get(5);
  return {
    family: payload[0]!,
    table: stringOf(chain.get(1)),
    name: stringOf(chain.get(3)),
    hook: viewOf(number).getUint32(0),
    drops: policy !== undefined && viewOf(policy).getUint32(0) === NF_DROP,
  };
}

/** A chain at a hook. Its policy accepts packets that no rule decides. */
export function newChain(ref: TableRef, chain: BaseChain): NetlinkMessage {
  const hook = nest(4, attribute(1, be32(NF_HOOK[chain.hook])), attribute(2, be32(chain.priority)));
  const attributes = [tableOf(ref), attribute(3, cString(chain.name)), hook, attribute(7, cString(chain.type))];
  return message(NFT_MSG_NEWCHAIN, NLM_F_CREATE, ref, attributes, `make firewall chain "${chain.name}"`);
}

/** Types with the numbers of nft(8) (its `datatype.h`) and their lengths; the kernel uses the lengths only. */
const NFT_TYPES = {
  ipv4_addr: { number: 7, size: 4 },
  ipv6_addr: { number: 8, size: 16 },
  ether_addr: { number: 9, size: 6 },
  inet_proto: { number: 12, size: 1 },
  inet_service: { number: 13, size: 2 },
  ifname: { number: 41, size: 16 },
} as const;

export type NftType = keyof typeof NFT_TYPES;

export interface NftSet {
  readonly name: string;
  readonly key: readonly NftType[];
  /** If present, the set is a map. */
  readonly data?: readonly NftType[];
}

/** Six bits for each member, the first in the highest bits; nft(8) uses this number to print concatenations. */
function typeNumber(types: readonly NftType[]): number {
  return types.reduce((number, type) => (number << 6) | NFT_TYPES[type].number, 0);
}

/** Each member of a concatenation occupies whole 32-bit registers. */
function typeSize(types: readonly NftType[]): number {
  return types.reduce((size, type) => size + ((NFT_TYPES[type].size + 3) & ~3), 0);
}

/** `id` only has to differ from the ids of other sets in the batch. */
export function newSet(ref: TableRef, set: NftSet, id: number): NetlinkMessage {
  const attributes = [
    tableOf(ref),
    attribute(2, cString(set.name)),
    attribute(3, be32(set.data ? NFT_SET_MAP : 0)),
    attribute(4, be32(typeNumber(set.key))),
    attribute(5, be32(set.key.length === 1 ? NFT_TYPES[set.key[0]!].size : typeSize(set.key))),
    attribute(10, be32(id)),
  ];
  // Tells nft(8) that the key is in host byte order, without which it cannot print names.
  if (set.key.length === 1 && set.key[0] === 'ifname') attributes.push(attribute(13, Uint8Array.of(0, 4, 1, 0, 0, 0)));
  if (set.data) attributes.push(attribute(6, be32(typeNumber(set.data))), attribute(7, be32(typeSize(set.data))));
  return message(NFT_MSG_NEWSET, NLM_F_CREATE, ref, attributes, `make firewall set "${set.name}"`);
}

/** Members must be padded to 32 bits each, as `concat` does. */
export interface Element {
  readonly key: readonly Piece[];
  readonly data?: readonly Piece[];
}

function concat(pieces: readonly Piece[]): Piece[] {
  return pieces.flatMap((piece) => {
    const size = piece instanceof Uint8Array ? piece.length : piece.size;
    return size % 4 === 0 ? [piece] : [piece, new Uint8Array(4 - (size % 4))];
  });
}

function elementList(ref: TableRef, set: string, elements: readonly Element[], withData: boolean): Attribute[] {
  const items = elements.map(({ key, data }) =>
    nest(
      NFTA_LIST_ELEM,
      nest(1, attribute(NFTA_DATA_VALUE, ...concat(key))),
      ...(data && withData ? [nest(2, attribute(NFTA_DATA_VALUE, ...concat(data)))] : []),
    ),
  );
  return [tableOf(ref), attribute(2, cString(set)), nest(3, ...items)];
}

/** Fails with EEXIST when an element exists. */
export function addElements(ref: TableRef, set: string, elements: readonly Element[]): NetlinkMessage {
  const attributes = elementList(ref, set, elements, true);
  return message(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, ref, attributes, `add to firewall set "${set}"`);
}

/** Fails with ENOENT when an element does not exist. */
export function deleteElements(ref: TableRef, set: string, elements: readonly Element[]): NetlinkMessage {
  const attributes = elementList(ref, set, elements, false);
  return message(NFT_MSG_DELSETELEM, 0, ref, attributes, `delete from firewall set "${set}"`);
}

/** A dump request: the elements of the set. */
export function listElements(ref: TableRef, set: string): NetlinkMessage {
  const attributes = [tableOf(ref), attribute(2, cString(set))];
  return message(NFT_MSG_GETSETELEM, 0, ref, attributes, `list firewall set "${set}"`);
}

/** The keys in an answer to `listElements`, each member padded to 32 bits. */
export function elementKeys({ payload }: NetlinkReply): Uint8Array[] {
  const list = parseAttributes(payload.subarray(NFGENMSG_SIZE)).get(3);
  return listAttributes(list ?? new Uint8Array()).flatMap(({ value }) => {
    const key = parseAttributes(value).get(1);
    return (key && parseAttributes(key).get(NFTA_DATA_VALUE)) ?? [];
  });
}

/** Adds a rule at the end of the chain; `expressions` come from nftables-expressions.ts, and nft(8) prints the comment. */
export function newRule(
  ref: TableRef,
  chain: string,
  expressions: readonly Attribute[],
  comment: string,
): NetlinkMessage {
  const text = cString(comment);
  const attributes = [
    tableOf(ref),
    attribute(2, cString(chain)),
    nest(4, ...expressions),
    // nft(8) stores type-length-value records here; type 0 is the comment.
    attribute(7, Uint8Array.of(0, text.length), text),
  ];
  return message(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, ref, attributes, `add the firewall rule "${comment}"`);
}

/** A dump request: the rules of all chains. */
export function listRules(ref: TableRef): NetlinkMessage {
  return message(NFT_MSG_GETRULE, 0, ref, [tableOf(ref)], 'list the firewall rules');
}
