import { Fd } from '../../../stages/linux/fd.ts';
import { AF_INET6 } from '../../../stages/linux/rtnetlink.ts';
import { SOCK_RAW } from '../../../stages/linux/netlink-socket.ts';
import { syscall } from '../../../stages/linux/syscall.ts';
import { parseIp6 } from '../../../stages/stage0/network/ip.ts';

const IPPROTO_IPV6 = 41;
const IPPROTO_ICMPV6 = 58;
const IPV6_MULTICAST_IF = 17;
const IPV6_MULTICAST_HOPS = 18;

/** "I am a router, send all to me", to every node on the link; from the caller's network namespace. */
export function sendRouterAdvert(interfaceIndex: number): void {
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
  // Type, code, checksum (the kernel's), hop limit, flags, lifetime 1800 s, two timers.
  const advert = Uint8Array.of(134, 0, 0, 0, 64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0);
  // struct sockaddr_in6: family, port, flow information, address, scope.
  const address = new Uint8Array(28);
  address[0] = AF_INET6;
  address.set(parseIp6('ff02::1')!, 8);
  address[24] = interfaceIndex;
  syscall('sendto', socket.number, advert, advert.length, 0, address, address.length);
}
