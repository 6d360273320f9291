import { ERRNO } from '../../linux/errno.ts';
import { NETLINK_NETFILTER, NETLINK_ROUTE, NLM_F_EXCL, type NetlinkMessage, u32 } from '../../linux/netlink.ts';
import { parseAttributes, stringOf } from '../../linux/netlink-decode.ts';
import { NetlinkSocket } from '../../linux/netlink-socket.ts';
import { batch } from '../../linux/nftables.ts';
import { getLinks, IFINFOMSG_SIZE, IFLA_IFNAME, IFLA_MASTER, joinBridge, setHairpin } from '../../linux/rtnetlink.ts';
import type { NetworkEntry } from './ledger.ts';
import { addGroup, deleteGroup, podElements } from './pod-elements.ts';
import type { BridgeConfig } from './types.ts';
import { firewallPod, forgetPorts } from './undo.ts';

/** The network entries in the ledgers of running pods. */
export type ListPods = () => readonly NetworkEntry[];

/**
 * Reconnects pods to a network that had to be made anew: restores their firewall elements and puts their links on the bridge. Skips
 * pods without a link: a starting pod does all of this itself.
 */
export function reconnectPods(config: BridgeConfig, bridgeIndex: number, list: ListPods): void {
  const pods = list().filter(({ bridge }) => bridge?.config.bridge === config.bridge);
  if (pods.length === 0) return;
  using links = new NetlinkSocket(NETLINK_ROUTE);
  using firewall = new NetlinkSocket(NETLINK_NETFILTER);
  const masters = mastersOf(links);
  const linked = pods.filter(({ bridge }) => masters.has(bridge!.veth));
  // Elements first: a link must never be up while its owner is unknown.
  const added = linked.filter((pod) => changeElements(firewall, pod, 'add'));
  forgetPorts(added.flatMap(({ ports }) => ports));
  for (const pod of linked) {
    if (masters.get(pod.bridge!.veth) !== bridgeIndex) joinPod(links, pod, bridgeIndex);
  }
  // A pod that has ended meanwhile may have deleted its elements before they were added.
  const left = new Set(list().map(({ uuid }) => uuid));
  for (const pod of added) if (!left.has(pod.uuid)) changeElements(firewall, pod, 'delete');
}

/** The index of the bridge of each link, by the link's name; 0 for a link on no bridge. */
function mastersOf(socket: NetlinkSocket): Map<string, number> {
  return new Map(
    socket.dump(getLinks()).map(({ payload }) => {
      const attributes = parseAttributes(payload.subarray(IFINFOMSG_SIZE));
      const master = attributes.get(IFLA_MASTER);
      return [stringOf(attributes.get(IFLA_IFNAME)), master ? Buffer.from(master).readUInt32LE() : 0];
    }),
  );
}

/** Returns false when the kernel rejects the elements: all are added or none. Existing elements are left as they are. */
function changeElements(socket: NetlinkSocket, { bridge, ports }: NetworkEntry, change: 'add' | 'delete'): boolean {
  const { config, addresses, veth } = bridge!;
  const groups = podElements(firewallPod(config, addresses, veth), ports);
  const messages = groups.map((group) => (change === 'add' ? unlessThere(addGroup(group)) : deleteGroup(group)));
  return socket.outcomes(batch(messages)).every((outcome) => !outcome?.errno);
}

function unlessThere(message: NetlinkMessage): NetlinkMessage {
  return { ...message, flags: message.flags & ~NLM_F_EXCL };
}

/** A pod of a test environment gets its place from its environment. */
function joinPod(socket: NetlinkSocket, { bridge, ports }: NetworkEntry, bridgeIndex: number): void {
  const { addresses, veth } = bridge!;
  if (addresses.claim !== undefined) return;
  const hairpin = ports.length > 0 ? [setHairpin(veth)] : [];
  socket.request([joinBridge(veth, u32(bridgeIndex)), ...hairpin], [ERRNO.ENODEV]);
}
