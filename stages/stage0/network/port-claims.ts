import type { ClaimStore } from './claim-store.ts';
import { formatIp4, formatIp6 } from './ip.ts';
import { hostAddress } from './pod-elements.ts';
import type { PortBinding } from './types.ts';

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

/** Whether one host cannot have both. */
export function keysMeet(a: string, b: string): boolean {
  const [protocolA, ipA, portA] = a.split('-');
  const [protocolB, ipB, portB] = b.split('-');
  return protocolA === protocolB && portA === portB && addressesMeet(ipA!, ipB!);
}

export function releasePorts(claims: ClaimStore, root: string, ports: readonly PortBinding[], uuid: string): void {
  for (const port of ports) claims.release(root, PORT_KIND, portKey(port), uuid);
}
