import { Fd } from '../../../stages/linux/fd.ts';
import { AF_INET6 } from '../../../stages/linux/constants.ts';
import { SOCK_RAW } from '../../../stages/linux/netlink-socket.ts';
import { syscall } from '../../../stages/linux/syscall.ts';
import { parseIp6 } from '../../../stages/stage0/network/ip.ts';

const IPPROTO_IPV6 = 41;
const IPPROTO_ICMPV6 = 58;
const IPV6_MULTICAST_IF = 17;
const IPV6_MULTICAST_HOPS = 18;

/** An ICMPv6 message to nodes on the link, from the caller's network namespace. The checksum is the kernel's. */
export function sendIcmp6(interfaceIndex: number, to: string, message: Uint8Array): void {
  using socket = new Fd(syscall('socket', AF_INET6, SOCK_RAW, IPPROTO_ICMPV6));
  // Receivers believe only what cannot have been forwarded.
  const options: [number, number][] = [
    [IPV6_MULTICAST_HOPS, 255],
    [IPV6_MULTICAST_IF, interfaceIndex],
  ];
  for (const [name, value] of options) {
    const bytes = Uint8Array.of(value, 0, 0, 0);
    syscall('setsockopt', socket.number, IPPROTO_IPV6, name, bytes, bytes.length);
  }
  // struct sockaddr_in6: family, port, flow information, address, scope.
  const address = new Uint8Array(28);
  address[0] = AF_INET6;
  address.set(parseIp6(to)!, 8);
  address[24] = interfaceIndex;
  syscall('sendto', socket.number, message, message.length, 0, address, address.length);
}

/** "I am a router, send all to me", to every node on the link. */
export function sendRouterAdvert(interfaceIndex: number): void {
  // Type, code, checksum, hop limit, flags, lifetime 1800 s, two timers.
  sendIcmp6(interfaceIndex, 'ff02::1', Uint8Array.of(134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0));
}
