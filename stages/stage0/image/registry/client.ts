// The pulling half of https://github.com/opencontainers/distribution-spec/blob/main/spec.md

import { setTimeout as sleep } from 'node:timers/promises';
import { PodError } from '../../error.ts';
import { corrupt } from '../tar/fault.ts';
import { authorize, canAnswer } from './authorize.ts';
import { BusyServer, isBusy, LONGEST_PAUSE_MS } from './busy.ts';
import { Connection, discard, type Reply } from './connection.ts';
import { type Credentials, credentialsFor } from './credentials.ts';
import { parseChallenge } from './challenge.ts';
import { isPassing, refusal, unreachable } from './failure.ts';
import { apiHost, isLoopback, type RegistryName } from './name.ts';
import { trustFor } from './trust.ts';

export interface ClientOptions {
  readonly signal?: AbortSignal | undefined;
  /** Where credentials, certificates and proxies are looked for; default: the process's. */
  readonly env?: NodeJS.ProcessEnv;
  /** After which a silent server counts as gone. */
  readonly idleMs?: number;
  /** Before the second attempt; each further pause is twice as long. */
  readonly pauseMs?: number;
}

const MOST_REDIRECTS = 5;
const MOST_ATTEMPTS = 5;
const PAUSE_MS = 500;
/** An attempt that got so much further counts as the first one again. */
const ENOUGH_BYTES = 1024 * 1024;

/** Asks one registry for one repository. */
export class RegistryClient implements Disposable {
  readonly name: RegistryName;
  readonly #options: ClientOptions;
  readonly #connection: Connection;
  #base: Promise<URL> | undefined;
  #authorization: string | undefined;
  #credentials: Promise<Credentials | undefined> | undefined;

  constructor(name: RegistryName, options: ClientOptions = {}) {
    this.name = name;
    this.#options = options;
    const { signal, idleMs, env = process.env } = options;
    this.#connection = new Connection({
      trust: trustFor(name, env),
      env,
      signal,
      ...(idleMs === undefined ? {} : { idleMs }),
    });
  }

  /**
   * A path below the repository, as in `manifests/latest`. `what`: the attempt, for errors. Answers 200 or 206; throws a `PodError`
   * for everything else.
   */
  async get(path: string, headers: Readonly<Record<string, string>>, what: string): Promise<Reply> {
    return this.retry(async () => {
      const url = new URL(`/v2/${this.name.repository}/${path}`, await this.#findBase(what));
      let reply = await this.#follow(url, headers, what);
      if (reply.status === 401 && (await this.#answerChallenge(reply, what))) {
        reply = await this.#follow(url, headers, what);
      }
      if (reply.status === 200 || reply.status === 206) return reply;
      if (isBusy(reply)) throw new BusyServer(reply);
      throw await refusal({ what, name: this.name, credentials: await this.#credentials }, reply);
    }, what);
  }

  /** Tries again what fails for a reason that may pass. `doneBytes`: how far it has got. */
  async retry<T>(attempt: () => Promise<T>, what: string, doneBytes: () => number = () => 0): Promise<T> {
    const { signal, pauseMs = PAUSE_MS } = this.#options;
    for (let count = 1, lastBytes = 0; ; count++) {
      try {
        return await attempt();
      } catch (error) {
        signal?.throwIfAborted();
        if (doneBytes() - lastBytes >= ENOUGH_BYTES) [count, lastBytes] = [1, doneBytes()];
        const mayPass = error instanceof BusyServer ? !error.isForLong : isPassing(error);
        if (!mayPass || count === MOST_ATTEMPTS) throw await this.#final(error, what);
        const asked = error instanceof BusyServer ? error.waitMs : undefined;
        const pause = asked ?? pauseMs * 2 ** (error instanceof BusyServer ? count : count - 1);
        if (error instanceof BusyServer) discard(error.reply);
        await sleep(Math.min(pause, LONGEST_PAUSE_MS), undefined, signal === undefined ? {} : { signal });
      }
    }
  }

  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }

  async #final(error: unknown, what: string): Promise<unknown> {
    if (error instanceof BusyServer)
      return refusal({ what, name: this.name, credentials: await this.#credentials }, error.reply);
    return unreachable(what, this.name, error);
  }

  /** Whether the registry has TLS is asked once. */
  #findBase(what: string): Promise<URL> {
    this.#base ??= this.#ask().catch((error: unknown) => {
      this.#base = undefined;
      throw isPassing(error) ? error : unreachable(what, this.name, error);
    });
    return this.#base;
  }

  /** Only on this machine itself there may be none: nobody else can be in between, and nobody else is asked in the clear. */
  async #ask(): Promise<URL> {
    const host = apiHost(this.name);
    const base = new URL(`https://${host}`);
    if (!isLoopback(host)) return base;
    try {
      discard(await this.#connection.send(new URL('/v2/', base)));
      return base;
    } catch (error) {
      const { code = '' } = error as NodeJS.ErrnoException;
      if (code !== 'EPROTO' && code !== 'ECONNRESET' && !code.startsWith('ERR_SSL')) throw error;
      return new URL(`http://${host}`);
    }
  }

  /** Sends what proves who we are to the registry only, never to where it sends us. */
  async #follow(first: URL, headers: Readonly<Record<string, string>>, what: string): Promise<Reply> {
    let url = first;
    for (let count = 0; count <= MOST_REDIRECTS; count++) {
      const isRegistry = url.origin === first.origin;
      const proof = isRegistry && this.#authorization !== undefined ? { authorization: this.#authorization } : {};
      const reply = await this.#connection.send(url, { headers: { ...headers, ...proof }, isElsewhere: !isRegistry });
      if (![301, 302, 303, 307, 308].includes(reply.status)) {
        if (reply.status !== 401 || isRegistry) return reply;
        throw await refusal({ what, name: this.name, credentials: undefined }, reply);
      }
      discard(reply);
      url = this.#target(reply, url, what);
    }
    throw corrupt(`${what}: ${first.host} redirects more than ${MOST_REDIRECTS} times`);
  }

  #target({ headers: { location = '' } }: Reply, from: URL, what: string): URL {
    const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined;
    const isSafe = to?.protocol === 'https:' || (to?.protocol === 'http:' && from.protocol === 'http:');
    if (to && isSafe && (to.protocol === 'https:' || isLoopback(to.host))) return to;
    throw new PodError(
      'image/unreachable',
      `${what}: ${from.host} redirects to ${JSON.stringify(location.slice(0, 200))}`,
      {
        hint: 'pod follows redirects to https: only, so that nobody in between can see or change what is fetched',
      },
    );
  }

  /** True when there is something new to show. */
  async #answerChallenge(reply: Reply, what: string): Promise<boolean> {
    const challenge = parseChallenge(reply.headers['www-authenticate']);
    if (!challenge) return false;
    this.#credentials ??= credentialsFor(this.name, this.#options.env);
    const credentials = await this.#credentials;
    if (!canAnswer(challenge, credentials)) return false;
    // Before a token is asked for, perhaps from the same server: all connections to it may be waiting here.
    discard(reply);
    const { name } = this;
    this.#authorization = await authorize(challenge, { what, name, credentials, at: reply.url }, this.#connection);
    return true;
  }
}
