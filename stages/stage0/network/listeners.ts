import { formatIp4, formatIp6 } from './ip.ts';

/** TCP_LISTEN, and the state of unconnected UDP sockets (TCP_CLOSE). */
const WAITING = { tcp: '0A', udp: '07' } as const;
const MAPPED4 = '00000000000000000000ffff';

/** A socket of the host that accepts connections or datagrams. */
export interface Listener {
  /** As the keys of port claims, `tcp-127.0.0.1-8080`; a socket on `::` usually accepts IPv4 too and counts as `any`. */
  readonly key: string;
  readonly inode: number;
}

/** Reads the tables of `/proc/net`. */
export function parseListeners(protocol: 'tcp' | 'udp', text4: string, text6: string): Listener[] {
  return [text4, text6].flatMap((text) =>
    text
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
        if (!local || state !== WAITING[protocol]) return [];
        const [address = '', port = ''] = local.split(':');
        return [{ key: `${protocol}-${readAddress(address)}-${Number.parseInt(port, 16)}`, inode: Number(inode) }];
      }),
  );
}

/** The kernel prints 32-bit words as a little-endian machine reads them. */
function readAddress(hex: string): string {
  const bytes = Buffer.from(hex, 'hex').swap32();
  if (bytes.length === 4) return bytes.some(Boolean) ? formatIp4(bytes) : 'any4';
  if (bytes.toString('hex').startsWith(MAPPED4)) return formatIp4(bytes.subarray(12));
  return bytes.some(Boolean) ? formatIp6(bytes) : 'any';
}
