import { canonicalIp } from './ip-address.ts';
import type { Outline, OutlineApp, OutlinePort } from './outline.ts';
import { join } from './pointer.ts';
import type { Report } from './report.ts';
import { show } from './show.ts';

interface Owned {
  readonly app: OutlineApp;
  readonly port: OutlinePort;
}

export function checkPorts(outline: Outline, report: Report): void {
  const ports = outline.apps.flatMap((app) => app.ports.map((port): Owned => ({ app, port })));
  for (const { port } of ports) checkPort(port, outline.networkMode, report);
  refuseTwinHostPorts(ports, report);
  warnOfSharedPorts(ports, report);
}

function checkPort({ hostPort, hostIP, port, pointer }: OutlinePort, networkMode: string, report: Report): void {
  if (hostIP !== undefined) checkHostIp(hostIP, join(pointer, 'hostIP'), report);
  if (hostPort === undefined) return;
  const at = join(pointer, 'hostPort');
  if (networkMode === 'none')
    report.warn('manifest/schema', at, 'is not published: network mode "none" accepts no connections');
  if (networkMode.startsWith('pod:')) {
    report.warn('manifest/schema', at, 'is not published: the network belongs to another pod, which must publish it');
  }
  if (networkMode === 'host' && hostPort !== port) {
    report.warn(
      'manifest/schema',
      at,
      `is not published: with network mode "host" the app listens on port ${port} of the host itself`,
    );
  }
}

/** No packet that is for this host has one of these as its destination, and nothing would ever reach the port. */
const NO_DESTINATION = /^(?:22[4-9]|23\d|255\.255\.255\.255$|ff[0-9a-f]{2}:)/;

function checkHostIp(hostIP: string, at: string, report: Report): void {
  const ip = canonicalIp(hostIP);
  if (ip === undefined) {
    const hint = 'write numbers, as in "127.0.0.1" or "::1"';
    report.error('manifest/schema', at, `${show(hostIP)} is not an IP address`, hint);
  } else if (ip.startsWith('::ffff:')) {
    const problem = `${show(hostIP)} is an IPv4-mapped IPv6 address, which never appears in packets`;
    report.error('manifest/schema', at, problem, 'write it as in "127.0.0.1"');
  } else if (NO_DESTINATION.test(ip)) {
    report.error(
      'manifest/schema',
      at,
      `${show(hostIP)} is not an address that a host can have`,
      'write an address of this host',
    );
  }
}

/** Two that would listen on the same port of the same address of the host. */
function refuseTwinHostPorts(ports: readonly Owned[], report: Report): void {
  const seen = new Map<string, Owned[]>();
  for (const owned of ports) {
    const { hostPort, protocol, pointer } = owned.port;
    if (hostPort === undefined) continue;
    const key = `${hostPort}/${protocol}`;
    const others = seen.get(key) ?? [];
    const other = others.find((candidate) => hostIpsMeet(candidate.port.hostIP, owned.port.hostIP));
    if (other) {
      const problem = `the app ${show(other.app.name)} publishes port ${key} already`;
      report.error('manifest/duplicate', join(pointer, 'hostPort'), problem, 'give one of them another hostPort');
    }
    // Of those that overlap, the first speaks for all: a list of equals would make this quadratic.
    else others.push(owned);
    seen.set(key, others);
  }
}

const ANY_ADDRESS = new Set(['0.0.0.0', '::']);

/** Whether two `hostIP`s have an address in common; without one it is every address. */
export function hostIpsMeet(first: string | undefined, second: string | undefined): boolean {
  if (first === undefined || second === undefined) return true;
  const a = canonicalIp(first) ?? first;
  const b = canonicalIp(second) ?? second;
  return a === b || (a.includes(':') === b.includes(':') && (ANY_ADDRESS.has(a) || ANY_ADDRESS.has(b)));
}

/** Apps of a pod share its addresses: the second one to listen usually fails. */
function warnOfSharedPorts(ports: readonly Owned[], report: Report): void {
  const seen = new Map<string, Owned>();
  for (const owned of ports) {
    const { port, protocol, pointer } = owned.port;
    if (port === undefined) continue;
    const key = `${port}/${protocol}`;
    const other = seen.get(key);
    if (other && other.app !== owned.app) {
      report.warn(
        'manifest/duplicate',
        join(pointer, 'port'),
        `the app ${show(other.app.name)} listens on ${key} too, and apps of a pod share its addresses`,
      );
    }
    if (!other) seen.set(key, owned);
  }
}
