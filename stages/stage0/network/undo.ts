import { ERRNO } from '../../linux/errno.ts';
import { NETLINK_NETFILTER, NETLINK_ROUTE } from '../../linux/netlink.ts';
import { NetlinkError, NetlinkSocket } from '../../linux/netlink-socket.ts';
import { batch, getTable } from '../../linux/nftables.ts';
import { ifnameBytes } from '../../linux/nftables-expressions.ts';
import { deleteLink } from '../../linux/rtnetlink.ts';
import { ADDRESS_KIND, claimKey, releaseAddresses } from './addresses.ts';
import type { ClaimStore } from './claim-store.ts';
import { bridgeTable, inetTable } from './firewall.ts';
import { FORGETS_NOTHING, forgetSenders } from './forget-udp.ts';
import { linkLocalOf, parseIp4, parseIp6, parseMac } from './ip.ts';
import type { NetworkEntry } from './ledger.ts';
import { deleteGroup, type FirewallPod, podElements } from './pod-elements.ts';
import { PORT_KIND, portKey, releasePorts } from './port-claims.ts';
import type { BridgeConfig, PodAddresses, PortBinding } from './types.ts';

/** Releases what is left of an entry, which is usually nothing. Only for dead pods. */
export function undoNetwork(claims: ClaimStore, root: string, entry: NetworkEntry): void {
  const { bridge, ports, uuid } = entry;
  // A pod that ends normally releases the address claim last, so without it nothing is left to undo.
  if (bridge && claims.claimOwner(root, ADDRESS_KIND, claimKey(bridge.addresses)) === uuid) {
    // The link first: without its element, the bridge would no longer know whom the link belongs to.
    dropLink(bridge.veth);
    // A port claim that is no longer this pod's was released together with its element; both may belong to another pod now.
    const held = ports.filter((port) => claims.claimOwner(root, PORT_KIND, portKey(port)) === uuid);
    deleteElements(firewallPod(bridge.config, bridge.addresses, bridge.veth), held);
    forgetPorts(held);
    releaseAddresses(claims, root, bridge.addresses, uuid);
  }
  releasePorts(claims, root, ports, uuid);
}

/** Makes the host forget who sent to published UDP ports before. */
export function forgetPorts(ports: readonly PortBinding[]): void {
  const messages = forgetSenders(ports).map(({ message }) => message);
  if (messages.length === 0) return;
  using socket = new NetlinkSocket(NETLINK_NETFILTER);
  socket.request(
    messages,
    FORGETS_NOTHING.map((name) => ERRNO[name]),
  );
}

/** Deletes a link of this network namespace, if it is there. */
export function dropLink(name: string): void {
  using socket = new NetlinkSocket(NETLINK_ROUTE);
  socket.request([deleteLink(name)], [ERRNO.ENODEV]);
}

/**
 * The kernel checks all of a batch and reports for each element whether it exists. A missing element makes the batch fail, and is
 * left out of the next one. Uses as few batches as possible, because each costs an RCU grace period of about 10 ms.
 */
function deleteElements(pod: FirewallPod, ports: readonly PortBinding[]): void {
  using socket = new NetlinkSocket(NETLINK_NETFILTER);
  const there = [pod.bridge, pod.inet].filter((table) => socket.outcomes([getTable(table)])[0]?.errno === 0);
  let left = podElements(pod, ports)
    .filter(({ table }) => there.includes(table))
    .flatMap((group) => group.elements.map((element) => deleteGroup({ ...group, elements: [element] })));
  for (let isDone = false; !isDone && left.length > 0;) {
    // The first message is the frame of the batch.
    const [frame, ...outcomes] = socket.outcomes(batch(left));
    const refused = [frame, ...outcomes.filter((outcome) => outcome?.errno !== ERRNO.ENOENT)].find(
      (outcome) => outcome?.errno,
    );
    if (refused) throw new NetlinkError('change the firewall', refused.errno, 0, refused.text);
    const present = left.filter((_, index) => outcomes[index]?.errno !== ERRNO.ENOENT);
    isDone = present.length === left.length;
    left = present;
  }
}

export function firewallPod(config: BridgeConfig, addresses: PodAddresses, veth: string): FirewallPod {
  const mac = parseMac(addresses.mac);
  return {
    inet: inetTable(config),
    bridge: bridgeTable(config),
    link: ifnameBytes(veth),
    mac,
    ip4: parseIp4(addresses.ip4)!,
    ip6: parseIp6(addresses.ip6)!,
    ip6Link: linkLocalOf(mac),
    ...(addresses.room === undefined ? {} : { room: parseIp4(addresses.room)! }),
  };
}
