import { ERRNO } from '../../linux/errno.ts';
import { PodError, type PodErrorInit } from '../error.ts';
import type { ClaimStore } from './claim-store.ts';
import { findElement } from './foreign-elements.ts';
import { HOST_SOCKETS, type HostSockets } from './host-sockets.ts';
import { formatIp6 } from './ip.ts';
import { hostAddress } from './pod-elements.ts';
import { keysMeet, PORT_KIND, portKey, releasePorts } from './port-claims.ts';
import { withPortRoots } from './port-roots.ts';
import type { PublishedPort } from './types.ts';

/** The host as far as its ports are concerned. */
export interface PortHost extends HostSockets {
  readonly withPortRoots: typeof withPortRoots;
  readonly findElement: typeof findElement;
}

const HOST: PortHost = { ...HOST_SOCKETS, withPortRoots, findElement };

/** EAFNOSUPPORT: a kernel without IPv6. */
const NO_SUCH_ADDRESS: ReadonlySet<number> = new Set([ERRNO.EADDRNOTAVAIL, ERRNO.EAFNOSUPPORT]);

/** In a hint; hosts with many containers have many. */
const SHOWN_ADDRESSES = 6;

/**
 * Claims the host ports for the pod. Throws at the port's line, and then holds none: `network/port-taken` when another pod, another
 * port of the same pod or a process on the host has one of them, `network/address` when the host does not have the address.
 */
export function claimPorts(
  claims: ClaimStore,
  root: string,
  ports: readonly PublishedPort[],
  uuid: string,
  host: PortHost = HOST,
): void {
  for (const port of ports) {
    refuseUnroutable(port);
    refuseUnbindable(port, host);
  }
  host.withPortRoots(claims, root, (others) => {
    const held: PublishedPort[] = [];
    try {
      for (const port of ports) {
        refuseOtherRoots(claims, others, port);
        const isOurs = claims.claim(root, PORT_KIND, portKey(port), uuid);
        if (isOurs) held.push(port);
        refuseOverlap(claims, root, port, uuid, held);
        if (!isOurs) throw taken(port, 'another pod has it');
        refuseElement(root, port, host);
      }
    } catch (error) {
      releasePorts(claims, root, held, uuid);
      throw error;
    }
  });
}

function refuseOverlap(
  claims: ClaimStore,
  root: string,
  port: PublishedPort,
  uuid: string,
  held: readonly PublishedPort[],
): void {
  const key = portKey(port);
  if (held.some((other) => other !== port && keysMeet(portKey(other), key))) {
    throw taken(port, 'the manifest publishes it twice');
  }
  const other = claims.listClaims(root, PORT_KIND).find((claim) => claim.uuid !== uuid && keysMeet(claim.key, key));
  if (other) throw taken(port, `pod ${other.uuid} has it`, { holder: other.uuid });
}

function refuseOtherRoots(claims: ClaimStore, others: readonly string[], port: PublishedPort): void {
  const key = portKey(port);
  for (const holderRoot of others) {
    const claim = claims.listClaims(holderRoot, PORT_KIND).find((other) => keysMeet(other.key, key));
    if (!claim) continue;
    const why = `pod ${claim.uuid} under --root ${holderRoot} has it`;
    throw taken(port, why, { holder: claim.uuid, holderRoot });
  }
}

/** A root that was deleted with its pods running, or is in another mount namespace, has no claims that we could see. */
function refuseElement(root: string, port: PublishedPort, host: PortHost): void {
  const table = host.findElement(root, portKey(port));
  if (table === undefined) return;
  throw taken(port, `the firewall table "${table}" sends it to a pod of a state directory that is not here`, {
    hint: `choose another hostPort; if that pod is gone: nft delete table inet ${table}`,
  });
}

/** Throws when the host does not have the address, or a process on it has the port. */
export function refuseUnbindable(port: PublishedPort, host: HostSockets = HOST_SOCKETS): void {
  refuseForeign(port, host);
  refuseListener(port, host);
}

/** The tables of sockets are as long as the kernel's hash tables (milliseconds), so a port that a server could have is not looked up. */
function refuseListener(port: PublishedPort, host: HostSockets): void {
  if (isFree(port, host)) return;
  const key = portKey(port);
  // Without a listener it is only a connection from this port that keeps servers away.
  const listener = host.listeners(port.protocol).find((candidate) => keysMeet(candidate.key, key));
  if (listener) throw taken(port, `${host.ownerOf(listener.inode) ?? 'a process on this host'} listens on it`);
}

function isFree({ protocol, hostIP, hostPort }: PublishedPort, host: HostSockets): boolean {
  const { any4, any6, ip4, ip6 } = hostAddress(hostIP);
  const wanted = [ip4, ip6, any4 ? new Uint8Array(4) : undefined, any6 ? new Uint8Array(16) : undefined];
  return wanted
    .filter((ip) => ip !== undefined)
    .map((ip) => host.tryBind(protocol, ip, hostPort))
    .every((errno) => errno === 0 || errno === ERRNO.EAFNOSUPPORT);
}

/** The kernel does not forward packets with an address that is valid only on the loopback or on one link. */
function refuseUnroutable(port: PublishedPort): void {
  const ip6 = hostAddress(port.hostIP).ip6;
  if (!ip6) return;
  const isLinkLocal = ip6[0] === 0xfe && (ip6[1]! & 0xc0) === 0x80;
  if (!isLinkLocal && formatIp6(ip6) !== '::1') return;
  const why = isLinkLocal ? 'from link-local addresses' : 'to its IPv6 loopback';
  const what = `publish ${nameOf(port)}: the kernel does not route ${why}`;
  const hint = isLinkLocal ? 'use an address that is valid beyond one link' : 'use hostIP: 127.0.0.1';
  throw new PodError('host/unsupported', what, { hint, at: port.hostIPAt ?? port.at });
}

/** Nothing would ever reach the port. */
function refuseForeign(port: PublishedPort, host: HostSockets): void {
  const { ip4, ip6 } = hostAddress(port.hostIP);
  const ip = ip4 ?? ip6;
  if (!ip || !NO_SUCH_ADDRESS.has(host.tryBind(port.protocol, ip, 0))) return;
  const own = host.addresses().filter((address) => address.includes(':') === (ip6 !== undefined));
  const isMany = own.length > SHOWN_ADDRESSES;
  const shown = `${own.slice(0, SHOWN_ADDRESSES).join(', ')}${isMany ? ' and others' : ''}`;
  throw new PodError('network/address', `publish ${nameOf(port)}: the host does not have this address`, {
    hint: `${own.length > 0 ? `it has ${shown}; ` : ''}without hostIP the port is published on all addresses`,
    at: port.hostIPAt ?? port.at,
  });
}

function nameOf({ protocol, hostPort, hostIP }: PublishedPort): string {
  return `${protocol} port ${hostPort}${hostIP === undefined ? '' : ` of ${hostIP}`}`;
}

function taken(port: PublishedPort, why: string, more: PodErrorInit = {}): PodError {
  return new PodError('network/port-taken', `publish ${nameOf(port)}: ${why}`, {
    hint: 'choose another hostPort, or stop what uses it',
    at: port.at,
    ...more,
  });
}
