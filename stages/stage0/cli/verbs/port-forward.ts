import { AF_INET, AF_INET6 } from '../../../linux/constants.ts';
import { PodError } from '../../error.ts';
import { readRecord } from '../../pod/record.ts';
import { PodStore } from '../../pod/store.ts';
import { waitForPod } from '../../pod/wait.ts';
import { requireRunning } from '../control.ts';
import type { Forward } from '../forward-ports.ts';
import type { Forwarder } from '../forwarder.ts';
import { loadPodNetwork } from '../load-launch.ts';
import { BrokenPipe, type Terminal } from '../terminal.ts';
import type { Invocation, Verb } from '../verb.ts';

/** What the pod sent before its end goes on to clients that read it so long. */
const DRAIN_MS = 5000;

export const verb: Verb = {
  name: 'port-forward',
  purpose: "Forwards TCP ports on this host's loopback addresses to ports inside a running pod, until ^C.",
  usage: ['pod port-forward POD [[ADDR:]HOST:]PORT…'],
  examples: [
    ['pod port-forward web 8080:80', 'forward localhost:8080 to port 80 of the pod'],
    ['pod port-forward web http', 'forward the named port of the manifest from the same port of the host'],
    ['pod port-forward db :5432', 'forward from a free port, and print its number'],
    ['pod port-forward web 192.0.2.1:8080:80 [::1]:8443:443', 'listen on other addresses'],
  ],
  flags: [],
  notes: [
    'Programs in the pod must listen on its loopback address or on all addresses. Forwarding works in every network mode and',
    'bypasses every firewall. Anyone who can reach the address on this host can reach the port in the pod: by default all users',
    'of this host, and nobody else. pod port-forward exits 0 after ^C, and 1 when the pod ends.',
  ],
  completes: ['running', 'nothing'],
  run: portForward,
};

async function portForward(invocation: Invocation): Promise<number> {
  const { operands, root } = invocation;
  const [query, ...words] = operands;
  if (query === undefined) throw new PodError('cli/usage', 'POD is missing');
  if (words.length === 0)
    throw new PodError('cli/usage', 'PORT is missing', { hint: `pod port-forward ${query} 8080:80` });
  // With it comes node:net, which costs as much as all the rest.
  const { parseForward, resolveForward } = await import('../forward-ports.ts');
  const requests = words.map(parseForward);
  const store = new PodStore(root);
  const pod = store.find(query);
  requireRunning(store, pod);
  const ports = requests.some(({ podPort }) => typeof podPort === 'string')
    ? await namedPorts(pod.path)
    : new Map<string, number>();
  const forwards = requests.map((request) => resolveForward(request, ports));
  const interrupt = new Promise<'interrupt'>((resolve) => {
    process.once('SIGINT', () => resolve('interrupt'));
  });
  const name = readRecord(pod.path)?.name ?? pod.uuid;
  const forwarder = await start(invocation, pod.uuid, name, forwards);
  const ended = waitForPod(store, pod.uuid, 'exit').then(() => forwarder.drain(DRAIN_MS));
  if ((await Promise.race([interrupt, ended])) === 'interrupt') return 0;
  throw new PodError('pod/died', `forward to ${name}: the pod has ended`);
}

/** The parser is only needed for names. */
async function namedPorts(path: string): Promise<ReadonlyMap<string, number>> {
  return (await import('../named-ports.ts')).readNamedPorts(path);
}

async function start(
  { terminal, isQuiet }: Invocation,
  uuid: string,
  name: string,
  forwards: readonly Forward[],
): Promise<Forwarder> {
  const network = (await loadPodNetwork())(uuid);
  const { Forwarder } = await import('../forwarder.ts');
  const { listenFor, portOf } = await import('../listen.ts');
  const { formatEndpoint } = await import('../forward-ports.ts');
  const forwarder = new Forwarder({
    newSocket: (address) => network.newTcpSocket(address.includes(':') ? AF_INET6 : AF_INET),
    onFailure: (podPort, code) => tellIfAnyone(terminal, `connect to ${name}:${podPort}: ${code}\n`),
  });
  for (const forward of forwards) {
    for (const { server, address } of await listenFor(forward)) {
      forwarder.serve(server, forward.podPort);
      if (!isQuiet)
        terminal.err(`forwarding ${formatEndpoint(address, portOf(server))} → ${name}:${forward.podPort}\n`);
    }
  }
  return forwarder;
}

/** Whoever is connected is served on, though nobody may read any more what is said here, or its file may be full. */
function tellIfAnyone(terminal: Terminal, text: string): void {
  try {
    terminal.err(text);
  } catch (error) {
    if (!(error instanceof BrokenPipe || error instanceof PodError)) throw error;
  }
}
