import type { HttpProbe } from '../manifest/spec.ts';

/** RFC 9112: a single GET; the connection is closed after it. */
export function httpRequest({ path, port, hostName, headers }: HttpProbe): Uint8Array {
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const defaults = Object.entries({
    Host: authority(hostName, port, 80),
    'User-Agent': 'pod-probe',
    Accept: '*/*',
  }).filter(([name]) => !given.has(name.toLowerCase()));
  const lines = [...defaults, ...Object.entries(headers), ['Connection', 'close']];
  const text = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.from(`GET ${path} HTTP/1.1\r\n${text}\r\n`, 'latin1');
}

/** The authority as clients write it: an IPv6 address in brackets, and no port if it is the usual one. */
export function authority(hostName: string, port: number, usualPort?: number): string {
  const host = hostName.includes(':') ? `[${hostName}]` : hostName;
  return port === usualPort ? host : `${host}:${port}`;
}
