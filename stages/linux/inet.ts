// ip(7), ipv6(7), tcp(7), udp(7): internet sockets, for cases where Node's cannot be used because they are made in its own event
// loop.

import { AF_INET, AF_INET6, SO_REUSEADDR, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET } from './constants.ts';
import { Fd } from './fd.ts';
import { inetAddress } from './inet-address.ts';
import { syscall, trySyscall } from './syscall.ts';

/** netinet/in.h, linux/in6.h */
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;

/** A TCP port of the ephemeral range to which nothing is bound, on this address (four bytes) or on all addresses. */
export function findFreePort(ip4: Uint8Array): number {
  using socket = new Fd(syscall('socket', AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const address = Buffer.concat(inetAddress(ip4, true, 0));
  syscall('bind', socket.number, address, address.length);
  const length = new Uint8Array(new Uint32Array([address.length]).buffer);
  syscall('getsockname', socket.number, address, length);
  return address.readUInt16BE(2);
}

/**
 * Binds a socket to the address (4 or 16 bytes) and port as a server would, and closes it again; `::` is for IPv6 only. Returns the
 * errno, or 0. Port 0 is any port. EAFNOSUPPORT: a kernel without IPv6. EADDRNOTAVAIL: the host does not have the address, and net.ipv4.ip_nonlocal_bind or its IPv6 twin is off.
 */
export function tryBind(protocol: 'tcp' | 'udp', ip: Uint8Array, port: number): number {
  const isIp4 = ip.length === 4;
  const type = protocol === 'tcp' ? SOCK_STREAM : SOCK_DGRAM;
  const made = trySyscall('socket', isIp4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0);
  if (made < 0) return -made;
  using socket = new Fd(made);
  // For UDP this would share the port instead of only passing over finished connections.
  if (protocol === 'tcp') syscall('setsockopt', socket.number, SOL_SOCKET, SO_REUSEADDR, Uint8Array.of(1, 0, 0, 0), 4);
  if (!isIp4) syscall('setsockopt', socket.number, IPPROTO_IPV6, IPV6_V6ONLY, Uint8Array.of(1, 0, 0, 0), 4);
  const address = Buffer.concat(inetAddress(ip, isIp4, port));
  return -trySyscall('bind', socket.number, address, address.length);
}
