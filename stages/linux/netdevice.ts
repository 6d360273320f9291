// netdevice(7): queries about one interface, answered in a microsecond and for the caller's network namespace (/sys/class/net shows
// the namespace in which it was mounted).

import { AF_UNIX, SOCK_CLOEXEC, SOCK_STREAM } from './constants.ts';
import { ERRNO, SyscallError } from './errno.ts';
import { Fd } from './fd.ts';
import { syscall, trySyscall } from './syscall.ts';

const SIOCGIFFLAGS = 0x8913;
const SIOCGIFMTU = 0x8921;
export const SIOCGIFINDEX = 0x8933;
/** struct ifreq: the name, then a union. */
export const IFREQ_SIZE = 40;
export const IFNAMSIZ = 16;
/** linux/if.h */
const IFF_UP = 1;

export interface Interface {
  readonly index: number;
  readonly mtu: number;
  /** By its switch (`ip link set up`), whatever its carrier is. */
  readonly isUp: boolean;
}

/** Undefined when there is no interface of that name. */
export function findInterface(name: string): Interface | undefined {
  using socket = new Fd(syscall('socket', AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const index = ask(socket.number, SIOCGIFINDEX, name);
  const mtu = index === undefined ? undefined : ask(socket.number, SIOCGIFMTU, name);
  const flags = mtu === undefined ? undefined : ask(socket.number, SIOCGIFFLAGS, name);
  if (index === undefined || mtu === undefined || flags === undefined) return undefined;
  return { index, mtu, isUp: (flags & IFF_UP) !== 0 };
}

function ask(socket: number, request: number, name: string): number | undefined {
  const ifreq = new Uint8Array(new ArrayBuffer(IFREQ_SIZE));
  ifreq.set(Buffer.from(name, 'latin1').subarray(0, IFNAMSIZ - 1));
  const result = trySyscall('ioctl', socket, request, ifreq);
  if (result === -ERRNO.ENODEV) return undefined;
  if (result < 0) throw new SyscallError('ioctl', -result, `on interface "${name}"`);
  return new DataView(ifreq.buffer).getInt32(IFNAMSIZ, true);
}
