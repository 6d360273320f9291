import { readFileSync } from 'node:fs';
import { ip4Number, type Prefix4 } from './ip.ts';

/**
 * A route wider than the widest private network is part of a split default route: a VPN that takes all traffic keeps the host's own
 * default route and adds 0.0.0.0/1 and 128.0.0.0/1. The route of the pods' subnet is always narrower.
 */
const WIDEST_NETWORK_BITS = 8;

/** The destinations that the host can already reach. */
export interface HostRoutes {
  /** All IPv4 destinations except those of default routes. */
  readonly prefixes4: readonly (Prefix4 & { readonly device: string })[];
  /** Interfaces with a route, except the loopback. */
  readonly devices: readonly string[];
}

/** The routes of the caller's network namespace. */
export function readHostRoutes(): HostRoutes {
  return parseHostRoutes(readFileSync('/proc/net/route', 'latin1'), readIp6File('/proc/net/ipv6_route'));
}

/** The text of a file that a kernel booted without IPv6 does not have; empty there. */
export function readIp6File(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

export function parseHostRoutes(route4: string, route6: string): HostRoutes {
  const prefixes4: (Prefix4 & { device: string })[] = [];
  const devices = new Set<string>();
  for (const line of route4.split('\n').slice(1)) {
    const [device, destination, , , , , , mask] = line.split(/\s+/);
    if (!device || !destination || !mask) continue;
    devices.add(device);
    const bits = prefixBits(hostOrder(mask));
    if (bits >= WIDEST_NETWORK_BITS) prefixes4.push({ base: hostOrder(destination), bits, device });
  }
  for (const line of route6.split('\n')) {
    const device = line.trim().split(/\s+/)[9];
    if (device) devices.add(device);
  }
  devices.delete('lo');
  return { prefixes4, devices: [...devices] };
}

/** The kernel prints the 32-bit address in host byte order, and supported machines are little-endian. */
function hostOrder(hex: string): number {
  return ip4Number(Uint8Array.from(Buffer.from(hex, 'hex')).reverse());
}

function prefixBits(mask: number): number {
  return mask === 0 ? 0 : 32 - Math.log2((~mask >>> 0) + 1);
}
