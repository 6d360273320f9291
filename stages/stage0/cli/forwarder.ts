import { once } from 'node:events';
import { type Server, Socket } from 'node:net';
import { SyscallError } from '../../linux/errno.ts';
import type { Fd } from '../../linux/fd.ts';

/** Where an app may listen that is reached as localhost, in the order they are tried. */
const INSIDE = ['127.0.0.1', '::1'] as const;
export type Loopback = (typeof INSIDE)[number];

export interface ForwarderOptions {
  /** A TCP socket of the pod's network, for that address. */
  readonly newSocket: (address: Loopback) => Fd;
  /** A connection could not be made inside; said once, and again when one was made in between. */
  readonly onFailure: (podPort: number, code: string) => void;
}

/** Connects what comes in on servers of the host with ports inside a pod. */
export class Forwarder {
  readonly #options: ForwarderOptions;
  readonly #clients = new Set<Socket>();
  readonly #failing = new Set<number>();

  constructor(options: ForwarderOptions) {
    this.#options = options;
  }

  serve(server: Server, podPort: number): void {
    server.on('connection', (client) => {
      this.#clients.add(client);
      client.on('close', () => this.#clients.delete(client));
      // Where it matters, 'close' tells that there was an error.
      client.on('error', () => undefined);
      void this.#forward(client, podPort);
    });
  }

  /** Resolves when all clients have what the pod sent before its end, or the time is over. */
  async drain(limitMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, limitMs);
    });
    await Promise.race([Promise.all([...this.#clients].map(untilSent)), limit]);
    clearTimeout(timer);
  }

  async #forward(client: Socket, podPort: number): Promise<void> {
    try {
      join(client, await this.#connect(client, podPort));
      this.#failing.delete(podPort);
    } catch (error) {
      const wasThere = !client.destroyed;
      client.resetAndDestroy();
      if (!wasThere || this.#failing.has(podPort)) return;
      this.#failing.add(podPort);
      this.#options.onFailure(podPort, errorCode(error));
    }
  }

  /** Throws what was said for the first address: it is the one everybody expects. */
  async #connect(client: Socket, podPort: number): Promise<Socket> {
    let first: unknown;
    for (const address of INSIDE) {
      try {
        return await this.#connectTo(address, client, podPort);
      } catch (error) {
        first ??= error;
        if (errorCode(first) !== 'ECONNREFUSED') break;
      }
    }
    throw first;
  }

  async #connectTo(address: Loopback, client: Socket, podPort: number): Promise<Socket> {
    const fd = this.#options.newSocket(address).take();
    const inside = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
    // A client that gives up takes the attempt with it.
    const giveUp = (): unknown => inside.destroy(new Error('the client is gone'));
    client.on('close', giveUp);
    try {
      inside.connect({ host: address, port: podPort });
      await once(inside, 'connect');
      return inside;
    } finally {
      client.off('close', giveUp);
    }
  }
}

/** Passes on bytes, ends and resets, each way for itself. */
function join(client: Socket, inside: Socket): void {
  for (const [from, to] of [
    [client, inside],
    [inside, client],
  ] as const) {
    from.on('error', () => undefined);
    from.on('close', (hadError) => {
      if (hadError) to.resetAndDestroy();
    });
    from.pipe(to);
  }
  if (client.destroyed) inside.resetAndDestroy();
}

/** Resolves when nothing is on its way to the client any more. */
async function untilSent(client: Socket): Promise<void> {
  if (client.writableFinished || client.destroyed) return;
  await new Promise<void>((resolve) => {
    client.once('finish', resolve);
    client.once('close', () => resolve());
  });
}

/** The symbolic errno, where there is one. */
function errorCode(error: unknown): string {
  if (error instanceof SyscallError) return error.errnoName;
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
