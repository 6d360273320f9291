import { ERRNO } from '../../linux/errno.ts';
import { NETLINK_NETFILTER } from '../../linux/netlink.ts';
import { NetlinkError, NetlinkSocket } from '../../linux/netlink-socket.ts';
import { elementKeys, listElements, listTables, NFPROTO_INET, tableName, type TableRef } from '../../linux/nftables.ts';
import { bridgeNames, isTableName } from './bridge-config.ts';
import { INET_SETS } from './firewall.ts';
import { formatIp4, formatIp6 } from './ip.ts';
import { keysMeet } from './port-claims.ts';

const PORT_SETS = ['any4', 'any6', 'ports4', 'ports6'] as const;

/** The table of another root that publishes a port which meets the key of a port claim, or undefined. */
export function findElement(root: string, key: string): string | undefined {
  const own = bridgeNames(root).table;
  using socket = new NetlinkSocket(NETLINK_NETFILTER);
  return tables(socket)
    .filter((name) => isTableName(name) && name !== own)
    .find((table) => listPorts(socket, { family: NFPROTO_INET, table }).some((other) => keysMeet(other, key)));
}

/** None where the kernel has no nf_tables or forbids them; making the bridge then says so. */
function tables(socket: NetlinkSocket): string[] {
  try {
    return socket.dump(listTables(NFPROTO_INET)).map(tableName);
  } catch (error) {
    if (error instanceof NetlinkError) return [];
    throw error;
  }
}

/** As the keys of port claims. */
function listPorts(socket: NetlinkSocket, table: TableRef): string[] {
  return PORT_SETS.flatMap((name) => dumpKeys(socket, table, INET_SETS[name].name).map((key) => claimKeyOf(name, key)));
}

/** None when the root removed its table meanwhile. */
function dumpKeys(socket: NetlinkSocket, table: TableRef, set: string): Uint8Array[] {
  try {
    return socket.dump(listElements(table, set)).flatMap(elementKeys);
  } catch (error) {
    if (error instanceof NetlinkError && error.errno === ERRNO.ENOENT) return [];
    throw error;
  }
}

/** The key holds the protocol, the address if the set has one, and the port. */
function claimKeyOf(set: (typeof PORT_SETS)[number], key: Uint8Array): string {
  const port = key.subarray(-4);
  const protocol = key[0] === 6 ? 'tcp' : 'udp';
  const ip = key.subarray(4, -4);
  const address = ip.length === 0 ? set : ip.length === 4 ? formatIp4(ip) : formatIp6(ip);
  return `${protocol}-${address}-${(port[0]! << 8) | port[1]!}`;
}
