// linux/netfilter/nf_tables.h: reads the rules of a table from the kernel

import { listAttributes, parseAttributes, stringOf } from './netlink-decode.ts';
import type { NetlinkSocket } from './netlink-socket.ts';
import { listRules, type TableRef } from './nftables.ts';

/** struct nfgenmsg */
const HEADER_BYTES = 4;
const NFTA_RULE_EXPRESSIONS = 4;
const NFTA_EXPR_NAME = 1;
const NFTA_EXPR_DATA = 2;
const NFTA_DATA_VALUE = 1;

/** NFTA_CMP_DATA, NFTA_IMMEDIATE_DATA: attributes of type struct nft_data. */
const CONSTANTS: Readonly<Record<string, number>> = { cmp: 3, immediate: 2 };

/** `constant`: the value that a `cmp` compares with or an `immediate` loads; empty for a verdict and for all other expressions. */
export interface RuleExpression {
  readonly name: string;
  readonly constant: Uint8Array;
}

/** The rules of all chains, each a list of expressions in order; empty when the table does not exist. */
export function readRules(socket: NetlinkSocket, ref: TableRef): RuleExpression[][] {
  return socket.dump(listRules(ref)).map(({ payload }) => {
    const expressions = parseAttributes(payload.subarray(HEADER_BYTES)).get(NFTA_RULE_EXPRESSIONS);
    return expressions ? listAttributes(expressions).map(({ value }) => readExpression(value)) : [];
  });
}

function readExpression(bytes: Uint8Array): RuleExpression {
  const attributes = parseAttributes(bytes);
  const name = stringOf(attributes.get(NFTA_EXPR_NAME));
  const own = attributes.get(NFTA_EXPR_DATA);
  const data = own && name in CONSTANTS ? parseAttributes(own).get(CONSTANTS[name]!) : undefined;
  const constant = data && parseAttributes(data).get(NFTA_DATA_VALUE);
  return { name, constant: constant ?? new Uint8Array(0) };
}
