import { readFileSync } from 'node:fs';
import { PodError } from '../error.ts';
import type { ClaimStore } from './claim-store.ts';
import { readIp6File } from './host-routes.ts';
import { formatIp4, formatIp6 } from './ip.ts';
import { parseListeners } from './listeners.ts';
import { hostAddress } from './pod-elements.ts';
import type { PortBinding, PublishedPort } from './types.ts';

/** Kind of the claims. Keys are `tcp-127.0.0.1-8080`, with `any`, `any4` or `any6` for wildcards. */
export const PORT_KIND = 'port';

export function portKey({ protocol, hostIP, hostPort }: PortBinding): string {
  return `${protocol}-${canonical(hostIP)}-${hostPort}`;
}

function canonical(hostIP: string | undefined): string {
  const { any4, any6, ip4, ip6 } = hostAddress(hostIP);
  if (ip4) return formatIp4(ip4);
  if (ip6) return formatIp6(ip6);
  return any4 && any6 ? 'any' : any4 ? 'any4' : 'any6';
}

/** `any` overlaps everything, `any4` all IPv4 addresses, an address only itself. */
function addressesMeet(a: string, b: string): boolean {
  const versionOf = (ip: string): string =>
    ip === 'any' ? '' : ip === 'any4' ? '4' : ip === 'any6' || ip.includes(':') ? '6' : '4';
  const [left, right] = [versionOf(a), versionOf(b)];
  if (left !== '' && right !== '' && left !== right) return false;
  return a === b || a.startsWith('any') || b.startsWith('any');
}

function keysMeet(a: string, b: string): boolean {
  const [protocolA, ipA, portA] = a.split('-');
  const [protocolB, ipB, portB] = b.split('-');
  return protocolA === protocolB && portA === portB && addressesMeet(ipA!, ipB!);
}

/**
 * Claims the host ports for the pod. Throws `network/port-taken` at the port's line when another pod, another port of the same pod
 * or a process on the host has one of them, and then holds none.
 */
export function claimPorts(
  claims: ClaimStore,
  root: string,
  ports: readonly PublishedPort[],
  uuid: string,
  listeners: (protocol: 'tcp' | 'udp') => readonly string[] = readListeners,
): void {
  const held: PublishedPort[] = [];
  try {
    for (const port of ports) {
      refuseLoopback6(port);
      refuseListener(port, listeners(port.protocol));
      const isOurs = claims.claim(root, PORT_KIND, portKey(port), uuid);
      if (isOurs) held.push(port);
      refuseOverlap(claims, root, port, uuid, held);
      if (!isOurs) throw taken(port, 'another pod has it');
    }
  } catch (error) {
    releasePorts(claims, root, held, uuid);
    throw error;
  }
}

export function releasePorts(claims: ClaimStore, root: string, ports: readonly PortBinding[], uuid: string): void {
  for (const port of ports) claims.release(root, PORT_KIND, portKey(port), uuid);
}

/** Checked after our own claim is visible: if two pods want overlapping ports at the same time, at least one sees the other. */
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
  if (other) throw taken(port, `pod ${other.uuid} has it`, other.uuid);
}

function refuseListener(port: PublishedPort, listeners: readonly string[]): void {
  const key = portKey(port);
  if (listeners.some((listener) => keysMeet(listener, key))) throw taken(port, 'a process on this host listens on it');
}

function refuseLoopback6(port: PublishedPort): void {
  if (port.hostIP === undefined || canonical(port.hostIP) !== '::1') return;
  const what = `publish ${port.protocol} port ${port.hostPort} of ::1: the kernel does not route to its IPv6 loopback`;
  throw new PodError('host/unsupported', what, { hint: 'use hostIP: 127.0.0.1', at: port.at });
}

function taken(port: PublishedPort, why: string, holder?: string): PodError {
  const where = port.hostIP === undefined ? '' : ` of ${port.hostIP}`;
  return new PodError('network/port-taken', `publish ${port.protocol} port ${port.hostPort}${where}: ${why}`, {
    hint: 'choose another hostPort, or stop what uses it',
    at: port.at,
    holder,
  });
}

/** Ports with listeners in the caller's network namespace, as claim keys. */
function readListeners(protocol: 'tcp' | 'udp'): string[] {
  const text6 = readIp6File(`/proc/net/${protocol}6`);
  return parseListeners(protocol, readFileSync(`/proc/net/${protocol}`, 'latin1'), text6);
}
