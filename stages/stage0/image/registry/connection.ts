import {
  Agent as PlainAgent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as plainRequest,
} from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import type { SecureContextOptions } from 'node:tls';
import { proxyFor, TunnelAgent } from './proxy.ts';

export interface Reply {
  readonly url: URL;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Has to be read to its end, or destroyed. */
  readonly body: IncomingMessage;
}

export interface Question {
  readonly method?: 'GET' | 'HEAD' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ConnectionOptions {
  readonly tls: SecureContextOptions;
  /** Where proxies are looked for. */
  readonly env: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal | undefined;
  /** After which a server that says nothing counts as gone. */
  readonly idleMs?: number;
}

const IDLE_MS = 30_000;
/** As many as there are layers at a time. */
const MOST_SOCKETS = 4;

/** Sends requests, and keeps connections between them. Redirects are answers like any other. */
export class Connection implements Disposable {
  readonly #options: ConnectionOptions;
  readonly #plain = new PlainAgent({ keepAlive: true, maxSockets: MOST_SOCKETS });
  readonly #direct: TlsAgent;
  /** By the proxy's address. */
  readonly #tunnels = new Map<string, TlsAgent>();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#direct = new TlsAgent({ keepAlive: true, maxSockets: MOST_SOCKETS, ...options.tls });
  }

  /** Rejects with the error of Node, which has a `code`, and with the reason of the signal. */
  async send(url: URL, { method = 'GET', headers = {}, body }: Question = {}): Promise<Reply> {
    const { signal, idleMs = IDLE_MS } = this.#options;
    signal?.throwIfAborted();
    const isPlain = url.protocol === 'http:';
    const { promise, resolve, reject } = withResolvers<Reply>();
    const asked = (isPlain ? plainRequest : tlsRequest)(url, {
      method,
      agent: isPlain ? this.#plain : this.#agentFor(url.host),
      // A compressed answer would have other bytes than those with the digest.
      headers: { 'user-agent': 'pod', 'accept-encoding': 'identity', ...headers },
      ...(signal === undefined ? {} : { signal }),
    });
    let answered: IncomingMessage | undefined;
    asked.setTimeout(idleMs, () => (answered ?? asked).destroy(new SilentServer(idleMs)));
    asked.on('error', (error) => reject(signal?.aborted ? signal.reason : error));
    asked.on('response', (answer) => {
      // Errors reach those that read it; one that nobody reads any more has none to tell.
      answer.on('error', () => undefined);
      answered = answer;
      resolve({ url, status: answer.statusCode ?? 0, headers: answer.headers, body: answer });
    });
    asked.end(body);
    return promise;
  }

  [Symbol.dispose](): void {
    for (const agent of [this.#plain, this.#direct, ...this.#tunnels.values()]) agent.destroy();
  }

  #agentFor(host: string): TlsAgent {
    const { tls, env } = this.#options;
    const proxy = proxyFor(host, env);
    if (!proxy) return this.#direct;
    const known = this.#tunnels.get(proxy.href);
    const agent = known ?? new TunnelAgent(proxy, { keepAlive: true, maxSockets: MOST_SOCKETS, ...tls });
    this.#tunnels.set(proxy.href, agent);
    return agent;
  }
}

/** Nothing came for that time. */
export class SilentServer extends Error {
  readonly code = 'ETIMEDOUT';

  constructor(idleMs: number) {
    super(`no answer for ${idleMs / 1000} s`);
  }
}

interface Resolvers<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** Until Node 22 has it: `Promise.withResolvers`. */
function withResolvers<T>(): Resolvers<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

/** The whole body. Rejects with a `TooLong` when it is longer, and with what ended the connection. */
export async function readAll({ body }: Reply, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new TooLong(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

export class TooLong extends Error {
  constructor(maxBytes: number) {
    super(`the answer is longer than ${maxBytes} bytes`);
  }
}
