import { readSync } from 'node:fs';
import type { Fd } from '../linux/fd.ts';
import { notifyBySignal } from '../linux/signal-io.ts';
import { sendWithFds, shutdownWriting } from '../linux/socket.ts';
import type { Transport } from './transport.ts';

const CHUNK_BYTES = 4096;
/** Keeps the process from ending while it waits, which a handler of a signal does not. */
const KEEP_ALIVE_MS = 1000;

/**
 * By SIGIO, whose handler is ours alone: for a process that does nothing else, as the command line. Loading node:net for one
 * socket would take 5 ms, a fifth of what a start from the command line may take.
 */
export function signalTransport(fd: Fd): Transport {
  let onData: (bytes: Uint8Array) => void = () => {};
  let onEnd: () => void = () => {};
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  const close = (): void => {
    if (isClosed) return;
    isClosed = true;
    // The socket first: a signal without a handler would end the process.
    fd[Symbol.dispose]();
    process.off('SIGIO', drain);
    clearInterval(timer);
    onEnd();
  };
  const drain = (): void => {
    for (;;) {
      // What a listener does with the last bytes may be to close.
      const length = isClosed ? undefined : receive(fd.number, chunk);
      if (length === undefined) return;
      if (length === 0) return close();
      onData(Uint8Array.from(chunk.subarray(0, length)));
    }
  };
  let isClosed = false;
  process.on('SIGIO', drain);
  const timer = setInterval(drain, KEEP_ALIVE_MS);
  notifyBySignal(fd.number);
  return {
    listen(toData, toEnd) {
      onData = toData;
      onEnd = toEnd;
      drain();
    },
    send: (bytes, fds = []) => sendWithFds(fd.number, bytes, fds),
    ref: (on) => void (on ? timer.ref() : timer.unref()),
    end: () => shutdownWriting(fd.number),
    close,
  };
}

/** Bytes received; 0 at the end, undefined when there is nothing yet. */
function receive(fd: number, chunk: Uint8Array): number | undefined {
  try {
    return readSync(fd, chunk);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EAGAIN') return undefined;
    // A reset is stage1's end like any other: what it meant is decided by which messages came before.
    if (code === 'ECONNRESET') return 0;
    throw error;
  }
}
