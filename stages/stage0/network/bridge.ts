import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { AF_INET, AF_INET6 } from '../../linux/constants.ts';
import { makeDirectories } from '../../linux/directory.ts';
import { ERRNO, SyscallError } from '../../linux/errno.ts';
import { findInterface, type Interface } from '../../linux/netdevice.ts';
import { NETLINK_NETFILTER, NETLINK_ROUTE, u32 } from '../../linux/netlink.ts';
import { NetlinkSocket } from '../../linux/netlink-socket.ts';
import { addElements, batch, deleteTable, getTable, type TableRef } from '../../linux/nftables.ts';
import { ifnameBytes } from '../../linux/nftables-expressions.ts';
import { newAddress, newBridge, setLinkUp } from '../../linux/rtnetlink.ts';
import { PodError, isKernelError } from '../error.ts';
import { ADDRESS_KIND } from './addresses.ts';
import { findBridge, markerPath } from './find-bridge.ts';
import { NO_IPV6, refuseOverlap, SUBNET4_BITS, SUBNET6_BITS } from './bridge-config.ts';
import type { ClaimStore } from './claim-store.ts';
import { withFileLock } from './file-lock.ts';
import { bridgeTable, firewallMessages, INET_SETS, inetTable } from './firewall.ts';
import { type HostRoutes, readHostRoutes } from './host-routes.ts';
import { macOf, parseIp4, parseIp6, parseMac } from './ip.ts';
import { type ListPods, reconnectPods } from './reconnect.ts';
import { forgetPortRoot, RUN_DIR } from './port-roots.ts';
import { holdSysctls, releaseSysctls, setSysctl } from './sysctl.ts';
import type { BridgeConfig } from './types.ts';
import { dropLink } from './undo.ts';

const DEFAULT_MTU = 1500;

/** Settings of the bridge itself, removed with it. docs/decisions/008-bridge-network.md gives the reasons. */
const BRIDGE_SYSCTLS: readonly (readonly [string, string])[] = [
  ['ipv4/conf/BRIDGE/forwarding', '1'],
  ['ipv4/conf/BRIDGE/route_localnet', '1'],
  ['ipv4/conf/BRIDGE/rp_filter', '1'],
  ['ipv4/conf/BRIDGE/accept_redirects', '0'],
  ['ipv4/conf/BRIDGE/send_redirects', '0'],
  ['ipv6/conf/BRIDGE/accept_ra', '0'],
  ['ipv6/conf/BRIDGE/autoconf', '0'],
  ['ipv6/conf/BRIDGE/accept_redirects', '0'],
  ['ipv6/conf/BRIDGE/accept_dad', '0'],
  ['ipv6/conf/BRIDGE/force_forwarding', '1'],
];

/**
 * Makes the bridge, its addresses and the firewall if they do not exist. Claim the pod's address first: the claim keeps others from
 * removing the bridge.
 */
export function ensureBridge(root: string, config: BridgeConfig, pods: ListPods = () => []): Interface {
  return findBridge(root, config) ?? withNetworkLock(root, () => makeBridge(root, config, pods));
}

/** Whether the network was complete but is no longer: its link or its firewall was removed, or its link set down, by someone else. */
export function isBridgeBroken(root: string, config: BridgeConfig): boolean {
  return existsSync(markerPath(root)) && !isWhole(config);
}

/** Makes parts of the bridge anew that were removed while pods are on it. Returns whether there were any. */
export function mendBridge(root: string, config: BridgeConfig, pods: ListPods): boolean {
  return withNetworkLock(root, () => {
    // If this is not the pods' network namespace, there is nothing to repair.
    const isHere = pods().some(({ bridge }) => bridge && findInterface(bridge.veth));
    // No marker: a crash interrupted an earlier repair.
    if (!isHere || (existsSync(markerPath(root)) && isWhole(config))) return false;
    makeBridge(root, config, pods);
    return true;
  });
}

/** Removes the whole network if no pod of the root holds an address. Returns whether it did. */
export function removeBridge(claims: ClaimStore, root: string, config: BridgeConfig): boolean {
  // Nothing was ever made, or a first pod is being prepared and will make the bridge itself.
  if (!existsSync(markerPath(root)) && !findInterface(config.bridge)) return false;
  return withNetworkLock(root, () => {
    const wasWhole = existsSync(markerPath(root));
    rmSync(markerPath(root), { force: true });
    if (claims.hasClaims(root, ADDRESS_KIND)) {
      if (wasWhole && findInterface(config.bridge)) writeMarker(root);
      return false;
    }
    asPodError(`remove the bridge network "${config.bridge}"`, () => {
      forgetPortRoot(claims);
      releaseSysctls(config.bridge, RUN_DIR);
      dropFirewall(config);
      // Last: as long as there is a bridge, a run after a crash knows that something is left to remove.
      dropLink(config.bridge);
    });
    return true;
  });
}

function makeBridge(root: string, config: BridgeConfig, pods: ListPods): Interface {
  const routes = readHostRoutes();
  refuseOverlap(config, routes, root);
  return asPodError(`make the bridge network "${config.bridge}"`, () => {
    using socket = new NetlinkSocket(NETLINK_ROUTE);
    // Without the marker, the network counts as incomplete: a run after a crash continues here.
    rmSync(markerPath(root), { force: true });
    // First: a crash after this leaves a bridge, which tells `removeBridge` that there is something to remove.
    const made = makeLink(socket, config, smallestMtu(routes, config.bridge));
    makeFirewall(config, openUplinks(config, routes));
    openLink(socket, config, made.index);
    reconnectPods(config, made.index, pods);
    writeMarker(root);
    return { ...made, isUp: true };
  });
}

function makeLink(socket: NetlinkSocket, config: BridgeConfig, mtu: number): Interface {
  const mac = parseMac(macOf(parseIp4(config.gateway4)!));
  socket.request([newBridge({ name: config.bridge, mac, mtu })], [ERRNO.EEXIST]);
  for (const [name, value] of BRIDGE_SYSCTLS) setSysctl(name.replace('BRIDGE', config.bridge), value);
  const made = findInterface(config.bridge);
  if (!made) throw new SyscallError('ioctl', ERRNO.ENODEV, `on bridge "${config.bridge}", which was just made`);
  return made;
}

function openLink(socket: NetlinkSocket, config: BridgeConfig, bridgeIndex: number): void {
  const index = u32(bridgeIndex);
  socket.request([newAddress(AF_INET, parseIp4(config.gateway4)!, SUBNET4_BITS, index)]);
  const noIp6 = NO_IPV6.map((name) => ERRNO[name]);
  socket.request([newAddress(AF_INET6, parseIp6(config.gateway6)!, SUBNET6_BITS, index)], noIp6);
  socket.request([setLinkUp(config.bridge)]);
}

/** Both tables are made in one transaction, so if both exist, all of the firewall does. */
function makeFirewall(config: BridgeConfig, uplinks: readonly string[]): void {
  using socket = new NetlinkSocket(NETLINK_NETFILTER);
  const there = tablesOf(socket, config);
  if (there.length === 2) return;
  const guarded = uplinks.map((name) => ({ key: [ifnameBytes(name)] }));
  const guard = guarded.length > 0 ? [addElements(inetTable(config), INET_SETS.uplinks.name, guarded)] : [];
  socket.request(batch([...there.map(deleteTable), ...firewallMessages(config), ...guard]));
}

function tablesOf(socket: NetlinkSocket, config: BridgeConfig): TableRef[] {
  return [inetTable(config), bridgeTable(config)].filter((table) => socket.outcomes([getTable(table)])[0]?.errno === 0);
}

function isWhole(config: BridgeConfig): boolean {
  using socket = new NetlinkSocket(NETLINK_NETFILTER);
  return findInterface(config.bridge)?.isUp === true && tablesOf(socket, config).length === 2;
}

function dropFirewall(config: BridgeConfig): void {
  using socket = new NetlinkSocket(NETLINK_NETFILTER);
  for (const table of [inetTable(config), bridgeTable(config)]) {
    socket.request(batch([deleteTable(table)]), [ERRNO.ENOENT]);
  }
}

/** Enables forwarding to pods on every interface with a route. Returns the names of the interfaces where that is our doing. */
function openUplinks(config: BridgeConfig, routes: HostRoutes): string[] {
  const devices = uplinksOf(routes);
  const settings = devices.flatMap((device) => [
    `ipv4/conf/${device}/forwarding`,
    // Until Linux 6.17: only the global switch forwards IPv6, and it would make the host ignore router advertisements.
    `ipv6/conf/${device}/force_forwarding`,
  ]);
  const ours = holdSysctls(config.bridge, settings, RUN_DIR);
  return devices.filter((device) => ours.some((name) => name.split('/')[2] === device));
}

/** Bridges and links of other roots are not uplinks. */
function uplinksOf({ devices }: HostRoutes): string[] {
  return devices.filter((device) => !/^(pod[0-9a-f]{6}|vp[0-9a-f]{12})$/.test(device));
}

function smallestMtu(routes: HostRoutes, bridge: string): number {
  const mtus = uplinksOf(routes).flatMap((device) => (device === bridge ? [] : (findInterface(device)?.mtu ?? [])));
  return Math.min(DEFAULT_MTU, ...mtus);
}

function writeMarker(root: string): void {
  writeFileSync(markerPath(root), '', { mode: 0o600 });
}

function withNetworkLock<T>(root: string, work: () => T): T {
  makeDirectories(root, 0o700);
  return withFileLock(`${root}/network.lock`, work);
}

function asPodError<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!isKernelError(error)) throw error;
    const denied = /\b(EPERM|EACCES|EROFS)\b/.test(error.message);
    throw new PodError(denied ? 'host/privilege' : 'network/failed', `${what}: ${error.message}`, {
      hint: denied ? 'the bridge network needs CAP_NET_ADMIN: run as root, or use network: {mode: none}' : undefined,
      cause: error,
    });
  }
}
