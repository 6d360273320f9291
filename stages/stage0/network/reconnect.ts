import { ERRNO } from '../../linux/errno.ts';
import { NETLINK_NETFILTER, NETLINK_ROUTE, NLM_F_EXCL, type NetlinkMessage, u32 } from '../../linux/netlink.ts';
import { parseAttributes, stringOf } from '../../linux/netlink-decode.ts';
import { NetlinkSocket } from '../../linux/netlink-socket.ts';
import { batch } from '../../linux/nftables.ts';
import { getLinks, IFINFOMSG_SIZE, IFLA_IFNAME, IFLA_MASTER, joinBridge, setHairpin } from '../../linux/rtnetlink.ts';
import { forgetSenders } from './forget-udp.ts';
import type { NetworkEntry } from './ledger.ts';
import { addGroup, deleteGroup, podElements } from './pod-elements.ts';
import type { BridgeConfig } from './types.ts';
import { firewallPod } from './undo.ts';

/** What the pods that run now have noted in their ledgers. */
export type ListPods = () => readonly NetworkEntry[];

/**
 * Gives pods back what they had in a network that had to be made anew: their elements in the firewall, and their links' place on the
 * bridge. Only to those whose link is there: one that is just starting does all of it by itself.
 */
export function reconnectPods(config: BridgeConfig, bridgeIndex: number, list: ListPods): void {
  const pods = list().filter(({ bridge }) => bridge?.config.bridge === config.bridge);
  if (pods.length === 0) return;
  using links = new NetlinkSocket(NETLINK_ROUTE);
  using firewall = new NetlinkSocket(NETLINK_NETFILTER);
  const masters = mastersOf(links);
  const linked = pods.filter(({ bridge }) => masters.has(bridge!.veth));
  // The elements first: the link must never be up without its owner known.
  const added = linked.filter((pod) => changeElements(firewall, pod, 'add'));
  const forgotten = forgetSenders(added.flatMap(({ ports }) => ports)).map(({ message }) => message);
  if (forgotten.length > 0) firewall.outcomes(forgotten);
  for (const pod of linked) {
    if (masters.get(pod.bridge!.veth) !== bridgeIndex) joinPod(links, pod, bridgeIndex);
  }
  // One that has ended meanwhile may have taken its elements away before they were added.
  const left = new Set(list().map(({ uuid }) => uuid));
  for (const pod of added) if (!left.has(pod.uuid)) changeElements(firewall, pod, 'delete');
}

/** The bridge's index by the name of each link; 0 for those on none. */
function mastersOf(socket: NetlinkSocket): Map<string, number> {
  return new Map(
    socket.dump(getLinks()).map(({ payload }) => {
      const attributes = parseAttributes(payload.subarray(IFINFOMSG_SIZE));
      const master = attributes.get(IFLA_MASTER);
      return [stringOf(attributes.get(IFLA_IFNAME)), master ? Buffer.from(master).readUInt32LE() : 0];
    }),
  );
}

/** False when the kernel refuses them: all are added or none. Those that are there already are left as they are. */
function changeElements(socket: NetlinkSocket, { bridge, ports }: NetworkEntry, change: 'add' | 'delete'): boolean {
  const { config, addresses, veth } = bridge!;
  const groups = podElements(firewallPod(config, addresses, veth), ports);
  const messages = groups.map((group) => (change === 'add' ? unlessThere(addGroup(group)) : deleteGroup(group)));
  return socket.outcomes(batch(messages)).every((outcome) => !outcome?.errno);
}

function unlessThere(message: NetlinkMessage): NetlinkMessage {
  return { ...message, flags: message.flags & ~NLM_F_EXCL };
}

/** The place of a test environment's pod is its environment's to give. */
function joinPod(socket: NetlinkSocket, { bridge, ports }: NetworkEntry, bridgeIndex: number): void {
  const { addresses, veth } = bridge!;
  if (addresses.claim !== undefined) return;
  const hairpin = ports.length > 0 ? [setHairpin(veth)] : [];
  socket.request([joinBridge(veth, u32(bridgeIndex)), ...hairpin], [ERRNO.ENODEV]);
}
