import { formatIp4, formatIp6 } from './ip.ts';

/** TCP_LISTEN, and the state of unconnected UDP sockets (TCP_CLOSE). */
const WAITING = { tcp: '0A', udp: '07' } as const;
const MAPPED4 = '00000000000000000000ffff';

/** `tcp-127.0.0.1-8080` for each listening socket; a socket on `::` usually accepts IPv4 too and counts as `any`. */
export function parseListeners(protocol: 'tcp' | 'udp', text4: string, text6: string): string[] {
  return [text4, text6].flatMap((text) =>
    text
      .split('\n')
      .slice(1)
      .flatMap((line) => {
        const [, local, , state] = line.trim().split(/\s+/);
        if (!local || state !== WAITING[protocol]) return [];
        const [address = '', port = ''] = local.split(':');
        return [`${protocol}-${readAddress(address)}-${Number.parseInt(port, 16)}`];
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
