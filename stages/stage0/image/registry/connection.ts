import {
  Agent as PlainAgent,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as plainRequest,
} from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import { corrupt } from '../tar/fault.ts';
import { proxyFor, TunnelAgent } from './proxy.ts';
import type { Trust } from './trust.ts';

export interface Reply {
  readonly url: URL;
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Has to be read to its end, or destroyed. */
  readonly body: IncomingMessage;
}

export interface Question {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A place that the registry did not name as its own: it does not see who we are. */
  readonly isElsewhere?: boolean;
}

/** What a request that fails rejects with. */
export interface FailedRequest extends NodeJS.ErrnoException {
  /** Who was asked: the registry, or whom it led to. */
  readonly askedHost?: string;
}

export interface ConnectionOptions {
  readonly trust: Trust;
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
  /** By the proxy's address, and by whether our certificate is shown. */
  readonly #secure = new Map<string, TlsAgent>();

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Rejects with the error of Node, which has a `code`, and with the reason of the signal. */
  async send(url: URL, { method = 'GET', headers = {}, body, isElsewhere = false }: Question = {}): Promise<Reply> {
    const { signal, idleMs = IDLE_MS } = this.#options;
    signal?.throwIfAborted();
    const isPlain = url.protocol === 'http:';
    const { promise, resolve, reject } = withResolvers<Reply>();
    const asked = (isPlain ? plainRequest : tlsRequest)(url, {
      method,
      agent: isPlain ? this.#plain : this.#agentFor(url.host, isElsewhere),
      // From the first packet on; `setTimeout` counts from when there is a connection.
      timeout: idleMs,
      // A compressed answer would have other bytes than those with the digest.
      headers: { 'user-agent': 'pod', 'accept-encoding': 'identity', ...headers },
      ...(signal === undefined ? {} : { signal }),
    });
    let answered: IncomingMessage | undefined;
    asked.on('timeout', () => {
      const { connecting = true } = asked.socket ?? {};
      (answered ?? asked).destroy(connecting ? new NoConnection(idleMs) : new SilentServer(idleMs));
    });
    const failed = (error: Error): Error => Object.assign(error, { askedHost: url.host });
    asked.on('error', (error) => reject(signal?.aborted ? signal.reason : failed(error)));
    asked.on('response', (answer) => {
      // Errors reach those that read it; one that nobody reads any more has none to tell.
      answer.on('error', failed);
      answered = answer;
      resolve({ url, status: answer.statusCode ?? 0, headers: answer.headers, body: answer });
    });
    asked.end(body);
    return promise;
  }

  [Symbol.dispose](): void {
    for (const agent of [this.#plain, ...this.#secure.values()]) agent.destroy();
  }

  #agentFor(host: string, isElsewhere: boolean): TlsAgent {
    const { trust, env } = this.#options;
    const proxy = proxyFor(host, env);
    const key = `${isElsewhere} ${proxy?.href ?? ''}`;
    const known = this.#secure.get(key);
    if (known) return known;
    const options = { keepAlive: true, maxSockets: MOST_SOCKETS, ...trust.whom, ...(isElsewhere ? {} : trust.us) };
    const agent = proxy ? new TunnelAgent(proxy, options) : new TlsAgent(options);
    this.#secure.set(key, agent);
    return agent;
  }
}

/** Most that is read of an answer that is of no interest. */
const MOST_DISCARDED_BYTES = 16 * 1024;

/** Frees the connection for the next request; an answer that may be long costs the connection. */
export function discard({ body, headers }: Reply): void {
  if (Number(headers['content-length']) <= MOST_DISCARDED_BYTES) body.resume();
  else body.destroy();
}

/** Not even the first packet came back. More time would not help, unlike with a server that is silent in between. */
class NoConnection extends Error {
  readonly code = 'EHOSTUNREACH';

  constructor(idleMs: number) {
    super(`no connection for ${idleMs / 1000} s`);
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

/** The same of a document of an image, which is corrupt when it is longer. */
export async function readWhole(reply: Reply, maxBytes: number, what: string): Promise<Buffer> {
  try {
    return await readAll(reply, maxBytes);
  } catch (error) {
    if (error instanceof TooLong) throw corrupt(`${what}: ${error.message}`);
    throw error;
  }
}

class TooLong extends Error {
  constructor(maxBytes: number) {
    super(`the answer is longer than ${maxBytes} bytes`);
  }
}
