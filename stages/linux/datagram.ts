// unix(7), sendto(2): datagrams between programs of one host; Node has no such sockets.

import { AF_UNIX, MSG_NOSIGNAL, SO_SNDTIMEO, SOCK_CLOEXEC, SOCK_DGRAM } from './constants.ts';
import { Fd } from './fd.ts';
import { setTimeLimit, unixAddress } from './socket.ts';
import { syscall, syscallAgain } from './syscall.ts';

/** struct sockaddr_un of the exact length: a path, or `@` and an abstract name. */
export function datagramAddress(target: string): Uint8Array {
  const address = unixAddress(target);
  const length = 2 + Buffer.byteLength(target);
  if (!target.startsWith('@')) return address.subarray(0, length + 1);
  address[2] = 0;
  return address.subarray(0, length);
}

/** A datagram socket, close-on-exec. */
export function datagramSocket(): Fd {
  return new Fd(syscall('socket', AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

/** Sends one datagram; waits at most `limitMs` while the receiver's queue is full. */
export function sendDatagram(target: string, payload: Uint8Array, limitMs: number): void {
  const address = datagramAddress(target);
  using socket = datagramSocket();
  setTimeLimit(socket.number, SO_SNDTIMEO, limitMs);
  syscallAgain('sendto', socket.number, payload, payload.length, MSG_NOSIGNAL, address, address.length);
}
