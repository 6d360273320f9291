import { request } from 'node:http';
import { Agent, type AgentOptions } from 'node:https';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect, type ConnectionOptions } from 'node:tls';
import { isInSubnet } from '../../../linux/subnet.ts';
import { PodError } from '../../error.ts';
import { isLoopback } from './name.ts';

const PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/**
 * The proxy for a host by `HTTPS_PROXY` and `NO_PROXY`, in capitals or not, as curl(1) and Go understand them: `*`, names with
 * what is below them, with a port or without, addresses and networks; names are not looked up for those. This machine itself never has one.
 */
export function proxyFor(host: string, env: NodeJS.ProcessEnv): URL | undefined {
  const text = env['HTTPS_PROXY'] || env['https_proxy'];
  if (text === undefined || text === '' || isLoopback(host) || isExempt(host, env)) return undefined;
  const withScheme = text.includes('://') ? text : `http://${text}`;
  const proxy = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  if (proxy?.protocol === 'http:') return proxy;
  // Not quoted: it may hold a password.
  throw new PodError('image/unreachable', `reach ${host}: HTTPS_PROXY is not the address of a proxy`, {
    hint: 'pod speaks HTTP to proxies: http://HOST:PORT',
  });
}

function isExempt(host: string, env: NodeJS.ProcessEnv): boolean {
  const [name, port = '443'] = nameAndPort(host.toLowerCase());
  return (env['NO_PROXY'] || env['no_proxy'] || '')
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry !== '' && (isInSubnet(name, entry) || matches(name, port, entry)));
}

function matches(name: string, port: string, entry: string): boolean {
  const [pattern, onlyPort = port] = nameAndPort(entry);
  if (pattern === '' || onlyPort !== port) return false;
  if (pattern === '*') return true;
  const bare = pattern.replace(/^\*?\./, '');
  return name.endsWith(`.${bare}`) || (name === bare && !pattern.startsWith('.'));
}

/** Addresses of IPv6 have brackets before a port, and may have none otherwise. */
function nameAndPort(text: string): [name: string, port?: string] {
  if (isIP(text) === 6) return [text];
  const [, name6, name = '', port] = /^(?:\[(.*)\]|([^:]*))(?::([0-9]+))?$/.exec(text) ?? [];
  return port === undefined ? [name6 ?? name] : [name6 ?? name, port];
}

type Callback = (error: Error | null, stream: Duplex) => void;

/** Reaches every host through a tunnel of the proxy: https://www.rfc-editor.org/rfc/rfc9110#section-9.3.6 */
export class TunnelAgent extends Agent {
  readonly #proxy: URL;

  constructor(proxy: URL, options: AgentOptions) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(options: ConnectionOptions, callback: Callback): undefined {
    const { host, hostname, port, protocol } = this.#proxy;
    const fail = (message: string, code = 'EPROTO'): void =>
      callback(new ProxyFailure(host, message, code), undefined as unknown as Duplex);
    const isAddress6 = options.host?.includes(':') === true;
    const target = `${isAddress6 ? `[${options.host}]` : options.host}:${options.port}`;
    const asked = request({
      method: 'CONNECT',
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? PORTS[protocol] : port,
      path: target,
      agent: false,
      headers: { host: target, ...loginOf(this.#proxy) },
      ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
    });
    asked.once('connect', ({ statusCode }, socket) => {
      socket.setTimeout(0);
      if (statusCode === 200) return callback(null, connect({ ...options, socket }));
      socket.destroy();
      fail(`answers ${statusCode}`);
    });
    // What it says in place of a tunnel is a page for people.
    asked.once('response', ({ statusCode }) => {
      asked.destroy();
      fail(`answers ${statusCode}`);
    });
    asked.once('timeout', () => asked.destroy(new Error(`no answer for ${options.timeout! / 1000} s`)));
    asked.once('error', ({ message, code }: NodeJS.ErrnoException) => fail(message, code));
    asked.end();
    return undefined;
  }
}

function loginOf({ username, password }: URL): Record<string, string> {
  if (username === '') return {};
  return {
    'proxy-authorization': `Basic ${Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')}`,
  };
}

/** As it is, if somebody wrote a "%" that escapes nothing. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** It is the proxy that has to be looked at, and not the registry. */
export class ProxyFailure extends Error {
  readonly code: string;

  constructor(proxy: string, found: string, code: string) {
    super(`the proxy ${proxy}: ${found}`);
    this.code = code;
  }
}
