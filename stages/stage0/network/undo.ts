import { ERRNO } from '../../linux/errno.ts';
import { NETLINK_NETFILTER, NETLINK_ROUTE } from '../../linux/netlink.ts';
import { NetlinkSocket } from '../../linux/netlink-socket.ts';
import { batch } from '../../linux/nftables.ts';
import { ifnameBytes } from '../../linux/nftables-expressions.ts';
import { deleteLink } from '../../linux/rtnetlink.ts';
import { ADDRESS_KIND, releaseAddresses } from './addresses.ts';
import type { ClaimStore } from './claim-store.ts';
import { bridgeTable, inetTable } from './firewall.ts';
import { PORT_KIND, portKey, releasePorts } from './host-ports.ts';
import { linkLocalOf, parseIp4, parseIp6, parseMac } from './ip.ts';
import type { NetworkEntry } from './ledger.ts';
import { deleteGroup, type FirewallPod, podElements } from './pod-elements.ts';
import type { BridgeConfig, PodAddresses, PortBinding } from './types.ts';

/** Undoes what is left of an entry; nothing is left of most. Only for pods that are dead. */
export function undoNetwork(claims: ClaimStore, root: string, entry: NetworkEntry): void {
  const { bridge, ports, uuid } = entry;
  // The address's claim goes last when a pod ends by itself: without it there is nothing left to undo.
  if (bridge && holds(claims, root, bridge.addresses.ip4, uuid)) {
    // The link first: with its element gone, the bridge would no longer know whom it belongs to.
    deleteVeth(bridge.veth);
    // A port's claim that is not ours any more was given up with its element: both may be another pod's by now.
    const keys = new Set(claims.listClaims(root, PORT_KIND).flatMap((claim) => (claim.uuid === uuid ? claim.key : [])));
    const held = ports.filter((port) => keys.has(portKey(port)));
    deleteElements(firewallPod(bridge.config, bridge.addresses, bridge.veth), held);
    releaseAddresses(claims, root, bridge.addresses, uuid);
  }
  releasePorts(claims, root, ports, uuid);
}

function holds(claims: ClaimStore, root: string, ip4: string, uuid: string): boolean {
  return claims.listClaims(root, ADDRESS_KIND).some((claim) => claim.key === ip4 && claim.uuid === uuid);
}

function deleteVeth(name: string): void {
  using socket = new NetlinkSocket(NETLINK_ROUTE);
  socket.request([deleteLink(name)], [ERRNO.ENODEV]);
}

/** One batch each: in a batch, one element that is gone keeps the others. */
function deleteElements(pod: FirewallPod, ports: readonly PortBinding[]): void {
  using socket = new NetlinkSocket(NETLINK_NETFILTER);
  for (const group of podElements(pod, ports)) {
    for (const element of group.elements) {
      socket.request(batch([deleteGroup({ ...group, elements: [element] })]), [ERRNO.ENOENT]);
    }
  }
}

function firewallPod(config: BridgeConfig, addresses: PodAddresses, veth: string): FirewallPod {
  const mac = parseMac(addresses.mac);
  return {
    inet: inetTable(config),
    bridge: bridgeTable(config),
    link: ifnameBytes(veth),
    mac,
    ip4: parseIp4(addresses.ip4)!,
    ip6: parseIp6(addresses.ip6)!,
    ip6Link: linkLocalOf(mac),
  };
}
