import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { PodError } from '../error.ts';
import { type Forward, formatEndpoint } from './forward-ports.ts';

const LOOPBACK4 = '127.0.0.1';
const LOOPBACK6 = '::1';
/** How often a free port of one loopback address may turn out to be taken on the other. */
const TRIES = 20;

export interface Listener {
  readonly server: Server;
  readonly address: string;
}

/** The servers of one forward: two for the loopback addresses, where there is IPv6. Throws `network/port-taken`. */
export async function listenFor({ address, hostPort }: Forward): Promise<Listener[]> {
  if (address !== undefined) return [{ server: await listenOn(address, hostPort), address }];
  for (let left = TRIES; ; left--) {
    const server = await listenOn(LOOPBACK4, hostPort);
    try {
      const twin = await listenUnlessAbsent(LOOPBACK6, portOf(server));
      const first = { server, address: LOOPBACK4 };
      return twin ? [first, { server: twin, address: LOOPBACK6 }] : [first];
    } catch (error) {
      server.close();
      const mayTryAgain = hostPort === 0 && left > 0 && error instanceof PodError;
      if (!(mayTryAgain && error.code === 'network/port-taken')) throw error;
    }
  }
}

export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Undefined where the host has no such address: IPv6 may be switched off. */
async function listenUnlessAbsent(address: string, port: number): Promise<Server | undefined> {
  try {
    return await listenOn(address, port);
  } catch (error) {
    const code = error instanceof PodError ? (error.cause as NodeJS.ErrnoException).code : undefined;
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT') return undefined;
    throw error;
  }
}

async function listenOn(host: string, port: number): Promise<Server> {
  // Half-open: the end of what one side sends is not the end of what it wants to read.
  const server = createServer({ allowHalfOpen: true });
  server.listen({ host, port, ipv6Only: true });
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const what = `listen on ${formatEndpoint(host, port)}`;
    if (code === 'EADDRINUSE') throw new PodError('network/port-taken', `${what}: the port is taken`, { cause: error });
    throw new PodError('host/refused', `${what}: ${code}`, { cause: error });
  }
  return server;
}
