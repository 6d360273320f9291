import type { Interface } from '../../linux/netdevice.ts';
import { hole, type Hole, u32 } from '../../linux/netlink.ts';
import { claimKey } from './addresses.ts';
import { linkLocalOf, parseIp4, parseIp6, parseMac } from './ip.ts';
import type { BridgeConfig, PodAddresses } from './types.ts';

type Name =
  | 'vethName'
  | 'ip4'
  | 'ip6'
  | 'ip6Link'
  | 'mac'
  | 'bridgeIndex'
  | 'bridgeMtu'
  | 'gateway4'
  | 'gateway6'
  | 'nftTable'
  | 'room';

/** The values that the network's tapes leave open. Tables, subnets and names differ by host and root, the rest by pod. */
export const NETWORK_HOLES: Readonly<Record<Name, Hole>> = {
  vethName: hole('vethName', 15),
  ip4: hole('ip4', 4),
  ip6: hole('ip6', 16),
  ip6Link: hole('ip6Link', 16),
  mac: hole('mac', 6),
  bridgeIndex: hole('bridgeIndex', 4),
  bridgeMtu: hole('bridgeMtu', 4),
  gateway4: hole('gateway4', 4),
  gateway6: hole('gateway6', 16),
  nftTable: hole('nftTable', 11),
  room: hole('room', 4),
};

/** `vp` and the first 12 hex digits of the uuid. */
export function vethName(uuid: string): string {
  return `vp${uuid.replaceAll('-', '').slice(0, 12)}`;
}

/** The values of the symbols of the network's tapes for one start; bound at hand-off. */
export function networkBindings(
  root: string,
  config: BridgeConfig,
  addresses: PodAddresses,
  uuid: string,
  bridge: Interface,
): Record<string, string | Uint8Array> {
  const mac = parseMac(addresses.mac);
  return {
    root,
    ip4Text: claimKey(addresses),
    ...(addresses.room === undefined ? {} : { room: parseIp4(addresses.room)! }),
    vethName: vethName(uuid),
    ip4: parseIp4(addresses.ip4)!,
    ip6: parseIp6(addresses.ip6)!,
    ip6Link: linkLocalOf(mac),
    mac,
    bridgeIndex: u32(bridge.index),
    bridgeMtu: u32(bridge.mtu),
    gateway4: parseIp4(config.gateway4)!,
    gateway6: parseIp6(config.gateway6)!,
    nftTable: config.table,
  };
}
