import { Socket } from 'node:net';
import { connectIn } from '../../../stages/linux/socket.ts';
import type { Fd } from '../../../stages/linux/fd.ts';

/** A connection to a pod's control socket that says whatever a test wants it to. */
export function connect(podDir: string): Fd {
  return connectIn(podDir, 'control', 10_000);
}

/**
 * Sends the bytes and resolves with all that comes back until init hangs up, has answered `enough` bytes, or has been silent for
 * `quietMs`.
 */
export function converse(
  podDir: string,
  bytes: Uint8Array,
  quietMs: number,
  enough: number = Number.POSITIVE_INFINITY,
): Promise<{ answer: Buffer; ended: boolean }> {
  const socket = new Socket({ fd: connect(podDir).take(), readable: true, writable: true });
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    const finish = (ended: boolean): void => {
      socket.destroy();
      resolve({ answer: Buffer.concat(chunks), ended });
    };
    let got = 0;
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      got += chunk.length;
      if (got >= enough) finish(false);
    });
    socket.on('error', () => finish(true));
    socket.on('end', () => finish(true));
    socket.setTimeout(quietMs, () => finish(false));
    if (bytes.length > 0) socket.write(bytes);
  });
}
