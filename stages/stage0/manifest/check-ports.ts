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
  if (hostIP !== undefined && canonicalIp(hostIP) === undefined) {
    report.error(
      'manifest/schema',
      join(pointer, 'hostIP'),
      `${show(hostIP)} is not an IP address`,
      'write numbers, as in "127.0.0.1" or "::1"',
    );
  }
  if (hostPort === undefined) return;
  const at = join(pointer, 'hostPort');
  if (networkMode === 'none') report.warn('manifest/schema', at, 'is not published: network mode "none" has no way in');
  if (networkMode.startsWith('pod:')) {
    report.warn('manifest/schema', at, "is not published: the network is another pod's, which has to publish it");
  }
  if (networkMode === 'host' && hostPort !== port) {
    report.warn(
      'manifest/schema',
      at,
      `is not published: with network mode "host" the app listens on port ${port} of the host itself`,
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
    const other = others.find((candidate) => overlap(candidate.port.hostIP, owned.port.hostIP));
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

function overlap(first: string | undefined, second: string | undefined): boolean {
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
