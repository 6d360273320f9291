import { addElements, deleteElements, type Element, type TableRef } from '../../linux/nftables.ts';
import { be16, type NetlinkMessage, type Piece, u8 } from '../../linux/netlink.ts';
import { BRIDGE_SETS, INET_SETS } from './firewall.ts';
import { parseIp4, parseIp6 } from './ip.ts';
import type { PortBinding } from './types.ts';

/** A pod from the firewall's point of view: values, or holes that a tape fills. */
export interface FirewallPod {
  readonly inet: TableRef;
  readonly bridge: TableRef;
  /** 16 bytes. */
  readonly link: Piece;
  readonly mac: Piece;
  readonly ip4: Piece;
  readonly ip6: Piece;
  readonly ip6Link: Piece;
  /** 4 bytes: the room that the pod may not leave. */
  readonly room?: Piece;
}

/** Elements of one set; elements of a port name the port. */
export interface ElementGroup<Port> {
  readonly table: TableRef;
  readonly set: string;
  readonly elements: readonly Element[];
  readonly port?: Port;
}

const IPPROTO = { tcp: u8(6), udp: u8(17) } as const;

/** All firewall elements of a pod, the binding of its link first. */
export function podElements<Port extends PortBinding>(pod: FirewallPod, ports: readonly Port[]): ElementGroup<Port>[] {
  const owner = [pod.link, pod.mac];
  // Excludes `::`: queries of duplicate address detection would go to every pod, and the answers would be rejected.
  const sources6 = [pod.ip6, pod.ip6Link];
  return [
    { table: pod.bridge, set: BRIDGE_SETS.links.name, elements: [{ key: [pod.link] }] },
    { table: pod.bridge, set: BRIDGE_SETS.owners4.name, elements: [{ key: [...owner, pod.ip4] }] },
    // Without an element that owns an IPv6 address, no IPv6 packet leaves the pod.
    pod.room === undefined
      ? { table: pod.bridge, set: BRIDGE_SETS.owners6.name, elements: sources6.map((ip) => ({ key: [...owner, ip] })) }
      : { table: pod.bridge, set: BRIDGE_SETS.rooms.name, elements: [{ key: [pod.link, pod.room] }] },
    ...ports.flatMap((port) => portElements(pod, port)),
  ];
}

function portElements<Port extends PortBinding>(pod: FirewallPod, port: Port): ElementGroup<Port>[] {
  const { any4, any6, ip4, ip6 } = hostAddress(port.hostIP);
  const target = (ip: Piece): Piece[] => [ip, be16(port.port)];
  const at = be16(port.hostPort);
  const protocol = IPPROTO[port.protocol];
  const group = (set: string, key: readonly Piece[], ip: Piece): ElementGroup<Port> => ({
    table: pod.inet,
    set,
    elements: [{ key, data: target(ip) }],
    port,
  });
  return [
    ...(any4 ? [group(INET_SETS.any4.name, [protocol, at], pod.ip4)] : []),
    ...(any6 ? [group(INET_SETS.any6.name, [protocol, at], pod.ip6)] : []),
    ...(ip4 ? [group(INET_SETS.ports4.name, [protocol, ip4, at], pod.ip4)] : []),
    ...(ip6 ? [group(INET_SETS.ports6.name, [protocol, ip6, at], pod.ip6)] : []),
  ];
}

export interface HostAddress {
  readonly any4: boolean;
  readonly any6: boolean;
  readonly ip4?: Uint8Array;
  readonly ip6?: Uint8Array;
}

/** Absent: every address of the host; `0.0.0.0` and `::`: every address of that version. */
export function hostAddress(hostIP: string | undefined): HostAddress {
  if (hostIP === undefined) return { any4: true, any6: true };
  const ip4 = parseIp4(hostIP);
  if (ip4) return ip4.some(Boolean) ? { any4: false, any6: false, ip4 } : { any4: true, any6: false };
  const ip6 = parseIp6(hostIP);
  if (!ip6) throw new Error(`"${hostIP}" is not an IP address`);
  return ip6.some(Boolean) ? { any4: false, any6: false, ip6 } : { any4: false, any6: true };
}

export function addGroup<Port>({ table, set, elements }: ElementGroup<Port>): NetlinkMessage {
  return addElements(table, set, elements);
}

export function deleteGroup<Port>({ table, set, elements }: ElementGroup<Port>): NetlinkMessage {
  return deleteElements(table, set, elements);
}
