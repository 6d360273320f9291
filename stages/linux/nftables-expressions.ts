// nft(8), linux/netfilter/nf_tables.h: the expressions of rules. They work on sixteen 32-bit registers; a rule continues with its
// next expression as long as each one matches.

import { type Attribute, attribute, be32, cString, nest, type Piece, u32 } from './netlink.ts';

const NFTA_LIST_ELEM = 1;
const NFT_REG_VERDICT = 0;
const NFT_REG32_00 = 8;
const NFT_LOOKUP_F_INV = 1;
const NFT_FIB_RESULT_ADDRTYPE = 3;
const NFTA_FIB_F_DADDR = 2;
const RTN_LOCAL = 2;
const NFT_NAT_DNAT = 1;

const META = { protocol: 1, iifname: 6, oifname: 7, nfproto: 15, l4proto: 16 } as const;
/** Values that a rule may set; in host byte order. */
const META_PRIORITY = 2;
const NFT_SOCKET_CGROUPV2 = 3;
const CT = { state: 0, status: 2 } as const;
const BASE = { link: 0, network: 1, transport: 2 } as const;
const VERDICT = { drop: 0, accept: 1 } as const;
/** enum nft_cmp_ops; the bytes compare as memcmp(3) does. */
const CMP = { eq: 0, ne: 1, lte: 3, gte: 5 } as const;

/** Bits of `ct state`. */
export const CT_STATE = { established: 2, related: 4 } as const;
/** IPS_DST_NAT of `ct status`. */
export const CT_STATUS_DNAT = 0x20;

function expression(name: string, ...data: readonly Attribute[]): Attribute {
  return nest(NFTA_LIST_ELEM, attribute(1, cString(name)), nest(2, ...data));
}

function reg(number: number): Uint8Array {
  return be32(NFT_REG32_00 + number);
}

/** Loads bytes of a header into registers, from `to` on. */
export function payload(base: keyof typeof BASE, offset: number, length: number, to = 0): Attribute {
  const place = [attribute(2, be32(BASE[base])), attribute(3, be32(offset)), attribute(4, be32(length))];
  return expression('payload', attribute(1, reg(to)), ...place);
}

export function meta(key: keyof typeof META, to = 0): Attribute {
  return expression('meta', attribute(1, reg(to)), attribute(2, be32(META[key])));
}

/** Continues when the comparison of register 0 and the following registers with `bytes` holds. */
export function cmp(op: keyof typeof CMP, bytes: Piece): Attribute {
  const value = nest(3, attribute(1, bytes));
  return expression('cmp', attribute(1, reg(0)), attribute(2, be32(CMP[op])), value);
}

/** Loads the 8-byte id of the version 2 cgroup that contains the packet's socket: its ancestor at `level` below the root. */
export function socketCgroup(level: number): Attribute {
  const key = attribute(1, be32(NFT_SOCKET_CGROUPV2));
  return expression('socket', key, attribute(2, reg(0)), attribute(3, be32(level)));
}

/** Sets the packet's priority. */
export function setPriority(priority: number): Attribute[] {
  const value = nest(2, attribute(1, u32(priority)));
  return [
    expression('immediate', attribute(1, reg(0)), value),
    expression('meta', attribute(2, be32(META_PRIORITY)), attribute(3, reg(0))),
  ];
}

/** Applies a bit mask to register `at` and the following registers. */
export function mask(bits: Uint8Array, at = 0): Attribute {
  const length = attribute(3, be32(bits.length));
  const zero = new Uint8Array(bits.length);
  const operands = [nest(4, attribute(1, bits)), nest(5, attribute(1, zero))];
  return expression('bitwise', attribute(1, reg(at)), attribute(2, reg(at)), length, ...operands);
}

/** Continues when the packet's connection has one of the bits. */
export function ctHas(key: keyof typeof CT, bits: number): Attribute[] {
  const load = expression('ct', attribute(1, reg(0)), attribute(2, be32(CT[key])));
  return [load, mask(u32(bits)), cmp('ne', u32(0))];
}

/** Continues when the destination is an address of this host. */
export function destinationIsLocal(): Attribute[] {
  const result = [attribute(2, be32(NFT_FIB_RESULT_ADDRTYPE)), attribute(3, be32(NFTA_FIB_F_DADDR))];
  return [expression('fib', attribute(1, reg(0)), ...result), cmp('eq', u32(RTN_LOCAL))];
}

/** Continues when the registers from 0 on are a key of the set; with `not-in`, when they are not. */
export function lookup(set: string, op: 'in' | 'not-in' = 'in'): Attribute {
  const flags = op === 'in' ? [] : [attribute(5, be32(NFT_LOOKUP_F_INV))];
  return expression('lookup', attribute(1, cString(set)), attribute(2, reg(0)), ...flags);
}

/** Continues when the registers from 0 on are a key of the map; its value then replaces them. */
export function mapLookup(map: string): Attribute {
  return expression('lookup', attribute(1, cString(map)), attribute(2, reg(0)), attribute(3, reg(0)));
}

/** Changes the destination: address from register 0 on, port from register `portAt`. */
export function dnat(family: number, portAt: number): Attribute {
  const kind = [attribute(1, be32(NFT_NAT_DNAT)), attribute(2, be32(family))];
  return expression('nat', ...kind, attribute(3, reg(0)), attribute(5, reg(portAt)));
}

export function masquerade(): Attribute {
  return expression('masq');
}

export function verdict(kind: keyof typeof VERDICT): Attribute {
  const code = nest(2, attribute(1, be32(VERDICT[kind])));
  return expression('immediate', attribute(1, be32(NFT_REG_VERDICT)), nest(2, code));
}

/** An interface name as the kernel stores it: 16 bytes. */
export function ifnameBytes(name: string): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set(Buffer.from(name, 'latin1'));
  return bytes;
}
