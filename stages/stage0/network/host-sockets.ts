// proc(5): the sockets of the host, and whose they are

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { tryBind } from '../../linux/inet.ts';
import { isBridgeName } from './bridge-config.ts';
import { readIp6File } from './host-routes.ts';
import { type Listener, parseListeners } from './listeners.ts';

/** What has to be known of the host before a port of it is published. */
export interface HostSockets {
  listeners(protocol: 'tcp' | 'udp'): readonly Listener[];
  /** The errno of a server that binds to the address (4 or 16 bytes) and port; 0 if it could. Port 0 is any port. */
  tryBind(protocol: 'tcp' | 'udp', ip: Uint8Array, port: number): number;
  /** As in `"nginx" (process 812)`; undefined when it is a socket of the kernel or of a process that is not visible. */
  ownerOf(socketInode: number): string | undefined;
  addresses(): readonly string[];
}

/** Of the caller's network namespace. */
export const HOST_SOCKETS: HostSockets = { listeners: readListeners, tryBind, ownerOf, addresses: readAddresses };

function readListeners(protocol: 'tcp' | 'udp'): Listener[] {
  const text6 = readIp6File(`/proc/net/${protocol}6`);
  return parseListeners(protocol, readFileSync(`/proc/net/${protocol}`, 'latin1'), text6);
}

/** Of the processes that share the socket the one with the lowest pid, which usually started the others. */
function ownerOf(socketInode: number): string | undefined {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const target = `socket:[${socketInode}]`;
  const owner = pids.sort((a, b) => Number(a) - Number(b)).find((pid) => holds(pid, target));
  const name = unlessGone(() => readFileSync(`/proc/${owner}/comm`, 'utf8').trimEnd());
  return name === undefined ? undefined : `"${name}" (process ${owner})`;
}

function holds(pid: string, target: string): boolean {
  const fds = unlessGone(() => readdirSync(`/proc/${pid}/fd`)) ?? [];
  return fds.some((fd) => unlessGone(() => readlinkSync(`/proc/${pid}/fd/${fd}`)) === target);
}

/** A process may end, or be another user's. */
function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/**
 * Addresses to publish ports on, the loopback last; not the gateways of pods. Link-local ones are none: packets from them are not
 * forwarded to a pod.
 */
function readAddresses(): string[] {
  const foreign = Object.entries(networkInterfaces()).filter(([device]) => !isBridgeName(device));
  const all = foreign.flatMap(([, addresses = []]) => addresses);
  const usable = all.filter(({ address }) => address !== '::1' && !/^fe[89ab]/i.test(address));
  return usable.sort((a, b) => Number(a.internal) - Number(b.internal)).map(({ address }) => address);
}
