// ip(7), tcp(7): internet sockets, for cases where Node's cannot be used because they are made in its own event loop.

import { AF_INET, SOCK_CLOEXEC, SOCK_STREAM } from './constants.ts';
import { Fd } from './fd.ts';
import { syscall } from './syscall.ts';

/** struct sockaddr_in. */
export const INET_ADDRESS_SIZE = 16;

/** `ip4`: four bytes. */
export function inetAddress(ip4: Uint8Array, port: number): Uint8Array {
  const address = new Uint8Array(new ArrayBuffer(INET_ADDRESS_SIZE));
  const view = new DataView(address.buffer);
  view.setUint16(0, AF_INET, true);
  view.setUint16(2, port);
  address.set(ip4, 4);
  return address;
}

/** A TCP port of the ephemeral range to which nothing is bound, on this address or on all addresses. */
export function findFreePort(ip4: Uint8Array): number {
  using socket = new Fd(syscall('socket', AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const address = inetAddress(ip4, 0);
  syscall('bind', socket.number, address, address.length);
  const length = new Uint8Array(new Uint32Array([address.length]).buffer);
  syscall('getsockname', socket.number, address, length);
  return new DataView(address.buffer).getUint16(2);
}
