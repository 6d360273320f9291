// slirp4netns(1): its options, and the requests on its API socket

import { closeSync, openSync, read, readFileSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { AT_FDCWD, CLONE_NEWUSER, O_CLOEXEC, O_RDONLY } from '../../linux/constants.ts';
import { Fd } from '../../linux/fd.ts';
import { pipe } from '../../linux/pipe.ts';
import { ARCH } from '../../linux/arch.ts';
import { launchMonitor } from '../../stage1/monitor.ts';
import { socketTransport } from '../../stage1/socket-transport.ts';
import { encodeProgram } from '../../tape/encode.ts';
import { Program } from '../../tape/program.ts';
import { PodError, type Position } from '../error.ts';
import { USER_IP4, USER_LINK, USER_MODE } from '../network/user-mode.ts';
import type { PublishedPort } from '../network/types.ts';
import { findTool } from '../plan/read-caller.ts';
import { planBecome } from './become.ts';
import { distDir } from './dist.ts';

export interface UserNetwork {
  readonly ports: readonly PublishedPort[];
  readonly at: Position;
}

/** The program knows no IPv6 address of the host. */
const ANY_ADDRESS = '0.0.0.0';

const LOG = 'slirp4netns.log';
const API = 'slirp4netns.socket';
/** Descriptor numbers in the program. */
const READY_FD = 20;
const EXIT_FD = 21;
const POD_DIR_FD = 22;
const NETWORK_FD = 23;

/**
 * Starts slirp4netns for the namespaces of process `pid` and publishes the ports. The program exits when every copy of the returned
 * descriptor is closed. The monitor and init hold copies, so it ends with the pod, however the pod ends.
 */
export async function startUserNetwork(pid: number, podDir: string, { ports, at }: UserNetwork): Promise<Fd> {
  const [ready, isReady] = pipe();
  const [exit, held] = pipe();
  using directory = new Fd(openSync(podDir, 'r'));
  try {
    start(pid, podDir, [isReady, exit, directory], ports.length > 0);
    isReady[Symbol.dispose]();
    await untilReady(ready, podDir, at);
    for (const port of ports) await publish(`/proc/self/fd/${directory.number}/${API}`, port);
    if (ports.length > 0) unlinkSync(`${podDir}/${API}`);
    return held;
  } catch (error) {
    held[Symbol.dispose]();
    throw error;
  } finally {
    for (const fd of [ready, isReady, exit]) fd[Symbol.dispose]();
  }
}

/**
 * The program's sandbox, an empty root and almost no privileges, requires a user namespace. So stage1 enters the monitor's user
 * namespace and executes the program there.
 */
function start(pid: number, podDir: string, given: readonly Fd[], hasPorts: boolean): void {
  const log = openSync(`${podDir}/${LOG}`, 'a', 0o600);
  try {
    const { channel } = launchMonitor({
      distDir: distDir(),
      tape: encodeProgram(planProgram(pid, hasPorts), ARCH),
      lockFd: log,
      stdinFd: log,
      nullFd: log,
      given: given.map(({ number }) => number),
      openTransport: socketTransport,
    });
    channel.ref(false);
  } finally {
    closeSync(log);
  }
}

function planProgram(pid: number, hasPorts: boolean): Program {
  const program = new Program();
  const given = [READY_FD, EXIT_FD, POD_DIR_FD].map((number) => [program.reg(`given.${number}`), number] as const);
  const enter = program.tape({ purpose: 'enter' });
  const why = "connect the pod's network";
  const [users, network] = [program.reg('users'), program.reg('network')];
  for (const [name, out] of [
    ['user', users],
    ['net', network],
  ] as const)
    enter.call('openat', [AT_FDCWD, enter.text(`/proc/${pid}/ns/${name}`), O_RDONLY | O_CLOEXEC, 0], { why, out });
  enter.call('setns', [users, CLONE_NEWUSER], { why });
  for (const [from, to] of [...given, [network, NETWORK_FD] as const]) enter.call('dup3', [from, to, 0], { why });
  planBecome(enter, [findTool(USER_MODE) ?? USER_MODE, ...argumentsFor(hasPorts)], why);
  return program;
}

function argumentsFor(hasPorts: boolean): string[] {
  return [
    '--configure',
    '--mtu=65520',
    // Without this option the pod could reach services that listen only on the host's loopback.
    '--disable-host-loopback',
    '--enable-sandbox',
    `--ready-fd=${READY_FD}`,
    `--exit-fd=${EXIT_FD}`,
    '--netns-type=path',
    ...(hasPorts ? [`--api-socket=/proc/self/fd/${POD_DIR_FD}/${API}`] : []),
    `/proc/self/fd/${NETWORK_FD}`,
    USER_LINK,
  ];
}

/** The program writes a byte when the link is up. If it exits early, the pipe ends without one. */
async function untilReady(ready: Fd, podDir: string, at: Position): Promise<void> {
  const { bytesRead } = await promisify(read)(ready.number, Buffer.alloc(1), 0, 1, null);
  if (bytesRead > 0) return;
  const said = readFileSync(`${podDir}/${LOG}`, 'utf8').trim().replaceAll('\n', '; ');
  throw new PodError('network/failed', `connect the pod to the network with ${USER_MODE}: ${said || 'it ended'}`, {
    at,
    hint: 'use "--net none" or "--net host"',
  });
}

interface ApiAnswer {
  readonly error?: { readonly desc: string };
}

async function publish(api: string, port: PublishedPort): Promise<void> {
  const { protocol, hostIP, hostPort } = port;
  const request = {
    execute: 'add_hostfwd',
    arguments: {
      proto: protocol,
      host_addr: hostIP ?? ANY_ADDRESS,
      host_port: hostPort,
      guest_addr: USER_IP4,
      guest_port: port.port,
    },
  };
  const socket = connect(api);
  socket.end(JSON.stringify(request));
  const { error } = JSON.parse(await text(socket)) as ApiAnswer;
  if (error) throw await explain(port);
}

/** The program itself says only that it could not. */
async function explain(port: PublishedPort): Promise<unknown> {
  const { hostIP, hostPort } = port;
  const what = `publish host port ${hostPort}`;
  if (hostIP?.includes(':')) {
    return new PodError('host/unsupported', `${what} of ${hostIP}: ${USER_MODE} publishes on IPv4 addresses only`, {
      at: port.hostIPAt ?? port.at,
      hint: 'use an IPv4 address of this host, or no hostIP',
    });
  }
  const { refuseUnbindable } = await import('../network/host-ports.ts');
  try {
    refuseUnbindable({ ...port, hostIP: hostIP ?? ANY_ADDRESS });
  } catch (error) {
    return error;
  }
  return new PodError('network/port-taken', `${what}: ${USER_MODE} cannot listen on it`, {
    at: port.at,
    hint: 'it is below the lowest port for normal users (net.ipv4.ip_unprivileged_port_start), or was taken for a moment',
  });
}
