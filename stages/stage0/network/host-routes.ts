import { readFileSync } from 'node:fs';
import { ip4Number, type Prefix4 } from './ip.ts';

/**
 * What is wider than the widest private network is a default route in pieces: a VPN that takes all traffic leaves the host's own
 * in place and adds 0.0.0.0/1 and 128.0.0.0/1. Whatever the pods' subnet is, its route is the narrower one.
 */
const WIDEST_NETWORK_BITS = 8;

/** Where the host can already send packets. */
export interface HostRoutes {
  /** All IPv4 destinations but those of default routes. */
  readonly prefixes4: readonly (Prefix4 & { readonly device: string })[];
  /** Interfaces with a route, the loopback excepted. */
  readonly devices: readonly string[];
}

/** Of the caller's network namespace. */
export function readHostRoutes(): HostRoutes {
  return parseHostRoutes(readFileSync('/proc/net/route', 'latin1'), readOptional('/proc/net/ipv6_route'));
}

/** The file is missing where the kernel was booted without IPv6. */
function readOptional(path: string): string {
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

/** The kernel prints the address's 32 bits as its own machine reads them, and ours are little-endian. */
function hostOrder(hex: string): number {
  return ip4Number(Uint8Array.from(Buffer.from(hex, 'hex')).reverse());
}

function prefixBits(mask: number): number {
  return mask === 0 ? 0 : 32 - Math.log2((~mask >>> 0) + 1);
}
