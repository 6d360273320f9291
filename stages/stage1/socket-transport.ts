import { Socket } from 'node:net';
import type { Fd } from '../linux/fd.ts';
import { sendWithFds } from '../linux/socket.ts';
import type { Transport } from './transport.ts';

/** By Node's event loop: as many at once as one likes, and nothing of the process is changed. */
export function socketTransport(fd: Fd): Transport {
  const number = fd.take();
  const socket = new Socket({ fd: number, readable: true, writable: true });
  return {
    listen(onData, onEnd) {
      socket.on('data', onData);
      // A reset is stage1's end like any other: what it meant is decided by which messages came before.
      socket.on('error', onEnd);
      socket.on('close', onEnd);
    },
    send(bytes, fds = []) {
      // Node cannot pass descriptors. One message always finds room: the other side has read the one before.
      if (fds.length > 0) sendWithFds(number, bytes, fds);
      else socket.write(bytes);
    },
    ref: (on) => void (on ? socket.ref() : socket.unref()),
    end: () => void socket.end(),
    close: () => void socket.destroy(),
  };
}
