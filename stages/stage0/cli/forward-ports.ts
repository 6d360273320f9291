import { isIP } from 'node:net';
import { PodError } from '../error.ts';

export interface Forward {
  /** Undefined: both loopback addresses. Without brackets. */
  readonly address: string | undefined;
  /** 0: one that is free. */
  readonly hostPort: number;
  readonly podPort: number;
}

const MAX_PORT = 65_535;
/** What a loopback address, an address of the host, and one of IPv6 look like before the ports. */
const FORM = /^(?:(?:\[(?<ip6>[^\]]*)\]|(?<name>[^:[\]]*)):)?(?<host>\d{1,5}):(?<pod>\d{1,5})$/;

/** `HOST:POD` or `ADDR:HOST:POD`; IPv6 addresses in brackets. */
export function parseForward(text: string): Forward {
  const { ip6, name, host, pod } = FORM.exec(text)?.groups ?? {};
  if (host === undefined || pod === undefined) {
    throw refused(text, 'it is not HOST:POD', 'write 8080:80, 0:80 for a free port, or 192.0.2.1:8080:80');
  }
  const forward = { address: addressOf(text, ip6, name), hostPort: Number(host), podPort: Number(pod) };
  if (forward.podPort === 0) throw refused(text, 'the port of the pod is 0');
  if (forward.hostPort > MAX_PORT || forward.podPort > MAX_PORT)
    throw refused(text, `a port is greater than ${MAX_PORT}`);
  return forward;
}

function addressOf(text: string, ip6: string | undefined, name: string | undefined): string | undefined {
  if (ip6 === undefined && (name === undefined || name === 'localhost')) return undefined;
  const isAddress = ip6 === undefined ? isIP(name ?? '') === 4 : isIP(ip6) === 6;
  if (!isAddress)
    throw refused(text, `"${ip6 ?? name}" is no address of this host`, 'write an IP address or localhost');
  return ip6 ?? name;
}

function refused(text: string, problem: string, hint?: string): PodError {
  return new PodError('cli/usage', `forward "${text}": ${problem}`, { hint });
}

/** As it stands in a URL. */
export function formatEndpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
