import { forgetUdp4, forgetUdp6 } from '../../linux/conntrack.ts';
import type { ErrnoName } from '../../linux/errno.ts';
import { be16, type NetlinkMessage } from '../../linux/netlink.ts';
import { hostAddress } from './pod-elements.ts';
import type { PortBinding } from './types.ts';

/**
 * Where a packet goes is decided with the first one of its "connection", and UDP has no end of one: who goes on sending from the same
 * port would reach the pod that had it before, or what was there when no pod had it.
 */
export function forgetSenders<Port extends PortBinding>(
  ports: readonly Port[],
): { message: NetlinkMessage; port: Port }[] {
  return ports.flatMap((port) => {
    if (port.protocol !== 'udp') return [];
    const { any4, any6, ip4, ip6 } = hostAddress(port.hostIP);
    const at = be16(port.hostPort);
    const over4 = any4 || ip4 ? [forgetUdp4(at, ip4)] : [];
    const over6 = any6 || ip6 ? [forgetUdp6(at)] : [];
    return [...over4, ...over6].map((message) => ({ message, port }));
  });
}

/** EINVAL until Linux 6.10, and of a kernel without such messages; EAFNOSUPPORT of one without IPv6. */
export const FORGETS_NOTHING: readonly ErrnoName[] = ['EINVAL', 'EOPNOTSUPP', 'EAFNOSUPPORT'];
