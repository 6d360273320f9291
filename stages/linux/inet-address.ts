// struct sockaddr_in and sockaddr_in6: ip(7), ipv6(7).

import { AF_INET, AF_INET6 } from './constants.ts';

/** Port and address in network order; the rest of the struct is zeroes. The address is 4 or 16 bytes, or a placeholder for them. */
export function inetAddress<T>(ip: Uint8Array | T, isIp4: boolean, port: number): (Uint8Array | T)[] {
  const head = new Uint8Array(isIp4 ? 4 : 8);
  const view = new DataView(head.buffer);
  view.setUint16(0, isIp4 ? AF_INET : AF_INET6, true);
  view.setUint16(2, port, false);
  return [head, ip, new Uint8Array(isIp4 ? 8 : 4)];
}
