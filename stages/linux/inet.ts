// ip(7), tcp(7): internet sockets, for cases where Node's cannot be used because they are made in its own event loop.

import { AF_INET, SOCK_CLOEXEC, SOCK_STREAM } from './constants.ts';
import { Fd } from './fd.ts';
import { inetAddress } from './inet-address.ts';
import { syscall } from './syscall.ts';

/** A TCP port of the ephemeral range to which nothing is bound, on this address (four bytes) or on all addresses. */
export function findFreePort(ip4: Uint8Array): number {
  using socket = new Fd(syscall('socket', AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const address = Buffer.concat(inetAddress(ip4, true, 0));
  syscall('bind', socket.number, address, address.length);
  const length = new Uint8Array(new Uint32Array([address.length]).buffer);
  syscall('getsockname', socket.number, address, length);
  return address.readUInt16BE(2);
}
