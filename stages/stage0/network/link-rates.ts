// Reads the rate limits of the two ends of a pod's link from the kernel

import { findInterface } from '../../linux/netdevice.ts';
import { NETLINK_ROUTE } from '../../linux/netlink.ts';
import { NetlinkSocket } from '../../linux/netlink-socket.ts';
import type { NetworkNamespace } from '../../linux/network-namespace.ts';
import { tokenBucketRates } from '../../linux/qdisc.ts';
import { vethName } from './symbols.ts';

/** Bytes per second; undefined when there is no limit. */
export interface LinkRates {
  readonly send: number | undefined;
  readonly receive: number | undefined;
}

/** Undefined for a pod without a link of its own. The pod receives what the host's end sends. */
export function readLinkRates(uuid: string, openNetwork: (uuid: string) => NetworkNamespace): LinkRates | undefined {
  const host = findInterface(vethName(uuid));
  if (!host) return undefined;
  using outside = new NetlinkSocket(NETLINK_ROUTE);
  const receive = tokenBucketRates(outside).find(({ index }) => index === host.index)?.rate;
  using network = openNetwork(uuid);
  using inside = new NetlinkSocket(NETLINK_ROUTE, network);
  // We shape nothing else in the pod's namespace, and the pod itself lacks the privilege to.
  return { send: tokenBucketRates(inside)[0]?.rate, receive };
}
