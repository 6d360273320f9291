// nft(8): packets must pass every chain at a hook, whoever made it

import { NETLINK_NETFILTER } from '../../../linux/netlink.ts';
import { NetlinkError, NetlinkSocket } from '../../../linux/netlink-socket.ts';
import {
  hookedChain,
  type HookedChain,
  listChains,
  NF_HOOK,
  NFPROTO_INET,
  NFPROTO_IPV4,
  NFPROTO_IPV6,
} from '../../../linux/nftables.ts';
import type { Finding } from './check.ts';

const FAMILIES: Readonly<Record<number, string>> = {
  [NFPROTO_INET]: 'inet',
  [NFPROTO_IPV4]: 'ip',
  [NFPROTO_IPV6]: 'ip6',
};

/** Chains that drop what is forwarded unless a rule accepts it. Their rules are not read: what they accept depends on the packet. */
export function checkFirewalls(): Finding {
  const names = listForwardDrops().map(({ family, table, name }) => `${FAMILIES[family]} ${table} ${name}`);
  const [first] = names;
  if (first === undefined) return { status: 'OK', detail: 'no nftables chain drops by default what is forwarded' };
  return {
    status: 'limited',
    detail: `forwarded packets are dropped by default in ${names.map((name) => `"${name}"`).join(', ')}`,
    remedy:
      'unless its rules do it already, let it accept what pods send and what published ports receive: ' +
      `nft insert rule ${first} iifname "pod*" accept; nft insert rule ${first} oifname "pod*" ct status dnat accept`,
  };
}

/** None on a kernel without nf_tables, which another check reports. */
function listForwardDrops(): HookedChain[] {
  using socket = new NetlinkSocket(NETLINK_NETFILTER);
  try {
    return socket
      .dump(listChains())
      .map(hookedChain)
      .filter((chain) => chain !== undefined)
      .filter(({ family, hook, drops }) => family in FAMILIES && hook === NF_HOOK.forward && drops);
  } catch (error) {
    if (error instanceof NetlinkError) return [];
    throw error;
  }
}
