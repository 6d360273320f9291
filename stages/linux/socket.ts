// socketpair(2), sendmsg(2), shutdown(2), unix(7): passing descriptors, which Node's net module cannot do.

import { closeSync, constants, openSync } from 'node:fs';
import {
  AF_UNIX,
  MSG_CMSG_CLOEXEC,
  MSG_NOSIGNAL,
  SCM_RIGHTS,
  SO_SNDBUF,
  SO_SNDBUFFORCE,
  SO_SNDTIMEO,
  SOCK_CLOEXEC,
  SOCK_STREAM,
  SOL_SOCKET,
} from './constants.ts';
import { Fd } from './fd.ts';
import { ERRNO, SyscallError } from './errno.ts';
import { addressOf, syscall, syscallAgain, trySyscall } from './syscall.ts';

/** Two connected stream sockets, close-on-exec. */
export function socketPair(): [Fd, Fd] {
  const pair = new Int32Array(new ArrayBuffer(8));
  syscall('socketpair', AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, new Uint8Array(pair.buffer));
  return [new Fd(pair[0]!), new Fd(pair[1]!)];
}

/** Sets how many bytes may wait to be read by the other end. The limit of net.core.wmem_max does not apply to root. */
export function setSendBuffer(socket: number, bytes: number): void {
  const value = new Uint8Array(new Int32Array([bytes]).buffer);
  const forced = trySyscall('setsockopt', socket, SOL_SOCKET, SO_SNDBUFFORCE, value, 4);
  if (forced === -ERRNO.EPERM) syscall('setsockopt', socket, SOL_SOCKET, SO_SNDBUF, value, 4);
  else if (forced < 0) throw new SyscallError('setsockopt', -forced);
}

/**
 * Sets how long a call may wait before it fails with EAGAIN. `option` is SO_SNDTIMEO, which also covers connect(2), or SO_RCVTIMEO.
 */
export function setTimeLimit(socket: number, option: number, limitMs: number): void {
  // struct timeval
  const limit = new BigInt64Array([BigInt(Math.floor(limitMs / 1000)), BigInt(Math.floor(limitMs % 1000) * 1000)]);
  syscall('setsockopt', socket, SOL_SOCKET, option, new Uint8Array(limit.buffer), 16);
}

/** struct msghdr with one struct iovec and space for `fds` descriptors. */
class MessageHeader {
  readonly bytes = new Uint8Array(new ArrayBuffer(56));
  readonly control: Uint8Array;
  readonly payload: Uint8Array;
  readonly #iov = new Uint8Array(new ArrayBuffer(16));

  constructor(payload: Uint8Array, fds: number) {
    this.payload = payload;
    this.control = new Uint8Array(new ArrayBuffer(fds > 0 ? 16 + Math.ceil((4 * fds) / 8) * 8 : 0));
    const iov = new DataView(this.#iov.buffer);
    iov.setBigUint64(0, addressOf(this.payload), true);
    iov.setBigUint64(8, BigInt(payload.length), true);
    const header = new DataView(this.bytes.buffer);
    header.setBigUint64(16, addressOf(this.#iov), true);
    header.setBigUint64(24, 1n, true);
    if (fds === 0) return;
    header.setBigUint64(32, addressOf(this.control), true);
    header.setBigUint64(40, BigInt(this.control.length), true);
  }
}

/** Headers by payload length and number of descriptors, which are the same for all messages to stage1. */
const headers = new Map<number, MessageHeader>();
/** More than the kernel passes in one message (SCM_MAX_FD). */
const MAX_FDS = 256;

function headerFor(length: number, fds: number): MessageHeader {
  const key = length * MAX_FDS + fds;
  const known = headers.get(key);
  if (known) return known;
  const header = new MessageHeader(new Uint8Array(new ArrayBuffer(length)), fds);
  if (fds > 0) {
    const control = new DataView(header.control.buffer);
    control.setBigUint64(0, BigInt(16 + 4 * fds), true);
    control.setInt32(8, SOL_SOCKET, true);
    control.setInt32(12, SCM_RIGHTS, true);
  }
  headers.set(key, header);
  return header;
}

/** Sends the whole payload, with descriptors. Blocks while the socket's buffer is full. */
export function sendWithFds(socket: number, payload: Uint8Array, fds: readonly number[]): void {
  if (fds.length >= MAX_FDS) throw new Error(`${fds.length} descriptors in one message`);
  const header = headerFor(payload.length, fds.length);
  header.payload.set(payload);
  if (fds.length > 0) new Int32Array(header.control.buffer, 16, fds.length).set(fds);
  const sent = syscallAgain('sendmsg', socket, header.bytes, MSG_NOSIGNAL);
  if (sent !== payload.length) throw new Error(`sendmsg took ${sent} of ${payload.length} bytes`);
}

/** Receives into `payload`; blocks. Returns the number of bytes and the descriptors received. */
export function receiveWithFds(socket: number, payload: Uint8Array, maxFds: number): { length: number; fds: Fd[] } {
  const message = new MessageHeader(payload, maxFds);
  const length = syscallAgain('recvmsg', socket, message.bytes, MSG_CMSG_CLOEXEC);
  const fds: Fd[] = [];
  const control = new DataView(message.control.buffer);
  const controlLength = Number(new DataView(message.bytes.buffer).getBigUint64(40, true));
  if (maxFds > 0 && controlLength >= 16) {
    const count = (Number(control.getBigUint64(0, true)) - 16) / 4;
    for (let i = 0; i < count; i++) fds.push(new Fd(control.getInt32(16 + 4 * i, true)));
  }
  return { length, fds };
}

const SHUT_WR = 1;

/** The other end reads what was sent, then the end; it can still send. */
export function shutdownWriting(socket: number): void {
  syscall('shutdown', socket, SHUT_WR);
}

/** sizeof sun_path, without the NUL. */
const MAX_SOCKET_PATH = 107;

/**
 * Connects to the socket `name` in the directory `dir`, whatever the length of the path. EAGAIN: the backlog stayed full until the
 * time limit.
 */
export function connectIn(dir: string, name: string, limitMs: number): Fd {
  const path = `${dir}/${name}`;
  if (Buffer.byteLength(path) <= MAX_SOCKET_PATH) return connectTo(path, limitMs);
  const fd = openSync(dir, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    return connectTo(`/proc/self/fd/${fd}/${name}`, limitMs);
  } finally {
    closeSync(fd);
  }
}

function connectTo(path: string, limitMs: number): Fd {
  const address = unixAddress(path);
  const socket = new Fd(syscall('socket', AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  try {
    setTimeLimit(socket.number, SO_SNDTIMEO, limitMs);
    syscallAgain('connect', socket.number, address, address.length);
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
  return socket;
}

/** struct sockaddr_un. */
export function unixAddress(path: string): Uint8Array {
  const address = new Uint8Array(110);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  const bytes = Buffer.from(path);
  if (bytes.length > MAX_SOCKET_PATH) throw new Error(`socket path longer than 107 bytes: "${path}"`);
  address.set(bytes, 2);
  return address;
}
