import { isIP } from 'node:net';
import { PodError } from '../error.ts';

/** As written on the command line. */
export interface ForwardRequest {
  readonly address: string | undefined;
  /** Undefined: the same as the pod's. */
  readonly hostPort: number | undefined;
  /** A number, or the name the manifest gives it. */
  readonly podPort: number | string;
}

export interface Forward {
  /** Undefined: both loopback addresses. Without brackets. */
  readonly address: string | undefined;
  /** 0: one that is free. */
  readonly hostPort: number;
  readonly podPort: number;
}

const MAX_PORT = 65_535;
/** What a loopback address, an address of the host, and one of IPv6 look like before the ports. */
const FORM = /^(?:(?:(?:\[(?<ip6>[^\]]*)\]|(?<name>[^:[\]]*)):)?(?<host>\d{0,5}):)?(?<pod>\d{1,5}|[a-z][a-z0-9-]*)$/;

/** `PORT`, `HOST:POD` or `ADDR:HOST:POD`; IPv6 addresses in brackets; an empty HOST is one that is free. */
export function parseForward(text: string): ForwardRequest {
  const { ip6, name, host, pod } = FORM.exec(text)?.groups ?? {};
  if (pod === undefined)
    throw refused(text, 'it is not HOST:POD', 'write 80, 8080:80, :80 for a free port, or 192.0.2.1:8080:80');
  const podPort = /^\d/.test(pod) ? Number(pod) : pod;
  const hostPort = host === undefined ? undefined : Number(host);
  if (podPort === 0) throw refused(text, 'the port of the pod is 0');
  if ((hostPort ?? 0) > MAX_PORT || (typeof podPort === 'number' && podPort > MAX_PORT))
    throw refused(text, `a port is greater than ${MAX_PORT}`);
  return { address: addressOf(text, ip6, name), hostPort, podPort };
}

/** `ports` are those of the pod by name. */
export function resolveForward(
  { address, hostPort, podPort: wanted }: ForwardRequest,
  ports: ReadonlyMap<string, number>,
): Forward {
  const podPort = typeof wanted === 'number' ? wanted : ports.get(wanted);
  if (podPort === undefined) {
    const names = [...ports.keys()].join(', ');
    throw refused(
      String(wanted),
      'no port of the pod has that name',
      names === '' ? 'its manifest names none' : `it has ${names}`,
    );
  }
  return { address, hostPort: hostPort ?? podPort, podPort };
}

function addressOf(text: string, ip6: string | undefined, name: string | undefined): string | undefined {
  if (ip6 === undefined && (name === undefined || name === 'localhost')) return undefined;
  const isAddress = ip6 === undefined ? isIP(name ?? '') === 4 : isIP(ip6) === 6;
  if (!isAddress)
    throw refused(text, `"${ip6 ?? name}" is not an address of this host`, 'write an IP address or localhost');
  return ip6 ?? name;
}

function refused(text: string, problem: string, hint?: string): PodError {
  return new PodError('cli/usage', `forward "${text}": ${problem}`, { hint });
}

/** As it stands in a URL. */
export function formatEndpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
