// What limits the two ends of a pod's link, as the kernel says it

import { findInterface } from '../../linux/netdevice.ts';
import { NETLINK_ROUTE } from '../../linux/netlink.ts';
import { NetlinkSocket } from '../../linux/netlink-socket.ts';
import type { NetworkNamespace } from '../../linux/network-namespace.ts';
import { tokenBucketRates } from '../../linux/qdisc.ts';
import { vethName } from './symbols.ts';

/** Bytes a second; undefined where nothing limits it. */
export interface LinkRates {
  readonly send: number | undefined;
  readonly receive: number | undefined;
}

/** Undefined for a pod without a link of its own. What the host's end sends is what the pod receives. */
export function readLinkRates(uuid: string, openNetwork: (uuid: string) => NetworkNamespace): LinkRates | undefined {
  const host = findInterface(vethName(uuid));
  if (!host) return undefined;
  using outside = new NetlinkSocket(NETLINK_ROUTE);
  const receive = tokenBucketRates(outside).find(({ index }) => index === host.index)?.rate;
  using network = openNetwork(uuid);
  using inside = new NetlinkSocket(NETLINK_ROUTE, network);
  // Nothing else in the pod's namespace is shaped by us; what the pod makes there itself, it has no right to.
  return { send: tokenBucketRates(inside)[0]?.rate, receive };
}
