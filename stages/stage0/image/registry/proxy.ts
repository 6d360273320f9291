import { request } from 'node:http';
import { Agent, type AgentOptions } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect, type ConnectionOptions } from 'node:tls';
import { PodError } from '../../error.ts';
import { isLoopback } from './name.ts';

const PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/**
 * The proxy for a host by `HTTPS_PROXY` and `NO_PROXY`, in capitals or not, as curl(1) and Go understand them: `*`, names with
 * what is below them, with a port or without. This machine itself never has one.
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
  const [name = '', port = '443'] = host.toLowerCase().split(':');
  return (env['NO_PROXY'] || env['no_proxy'] || '')
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => {
      const [pattern = '', onlyPort] = entry.split(':');
      if (pattern === '' || (onlyPort !== undefined && onlyPort !== port)) return false;
      const bare = pattern.replace(/^\*?\./, '');
      return pattern === '*' || name.endsWith(`.${bare}`) || (name === bare && !pattern.startsWith('.'));
    });
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
    const fail = (error: Error): void => callback(error, undefined as unknown as Duplex);
    const { username, password, hostname, port, protocol } = this.#proxy;
    const target = `${options.host}:${options.port}`;
    const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64');
    const asked = request({
      method: 'CONNECT',
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? PORTS[protocol] : port,
      path: target,
      agent: false,
      headers: { host: target, ...(username === '' ? {} : { 'proxy-authorization': `Basic ${login}` }) },
    });
    asked.once('connect', ({ statusCode }, socket) => {
      if (statusCode === 200) return callback(null, connect({ ...options, socket }));
      socket.destroy();
      fail(new RefusedTunnel(this.#proxy.host, statusCode ?? 0));
    });
    asked.once('error', fail);
    asked.end();
    return undefined;
  }
}

class RefusedTunnel extends Error {
  readonly code = 'ECONNREFUSED';

  constructor(proxy: string, status: number) {
    super(`the proxy ${proxy} answers ${status}`);
  }
}
