import { forgetUdp4, forgetUdp6 } from '../../linux/conntrack.ts';
import type { ErrnoName } from '../../linux/errno.ts';
import { be16, type NetlinkMessage } from '../../linux/netlink.ts';
import { hostAddress } from './pod-elements.ts';
import type { PortBinding } from './types.ts';

/**
 * The destination of a UDP "connection" is decided with its first packet, and UDP has no end of a connection. A client that goes on
 * sending from the same port would reach the port's previous pod, or whatever was reached when no pod had the port.
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

/** EINVAL: until Linux 6.10, or a kernel without such messages; EAFNOSUPPORT: a kernel without IPv6. */
export const FORGETS_NOTHING: readonly ErrnoName[] = ['EINVAL', 'EOPNOTSUPP', 'EAFNOSUPPORT'];
