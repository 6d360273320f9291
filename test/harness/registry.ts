import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly range: string | undefined;
}

/** Answers a request in the registry's place; false leaves it to the registry. */
export type Trick = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

export interface RegistryOptions {
  readonly tls?: {
    readonly cert: Buffer;
    readonly key: Buffer;
    readonly requestCert?: boolean;
    readonly rejectUnauthorized?: boolean;
  };
  readonly trick?: Trick;
}

interface Document {
  readonly digest: string;
  readonly mediaType: string;
}

const REPOSITORY = '/v2/team/app/';

/** A registry on this machine that has one layout directory, as the repository `team/app`. Its tags are `latest` and `tags`. */
export class LayoutRegistry implements AsyncDisposable {
  readonly requests: SeenRequest[] = [];
  /** Digests by tag. */
  readonly tags: Map<string, string> = new Map();
  readonly #layout: string;
  readonly #trick: Trick;
  readonly #server: Server;

  private constructor(layout: string, { tls, trick = () => false }: RegistryOptions) {
    this.#layout = layout;
    this.#trick = trick;
    const answer = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#answer(request, response).catch((error: unknown) => response.destroy(error as Error));
    this.#server = tls ? createTlsServer(tls, answer) : createServer(answer);
  }

  static async start(layout: string, options: RegistryOptions = {}): Promise<LayoutRegistry> {
    const registry = new LayoutRegistry(layout, options);
    await new Promise<void>((resolve) => registry.#server.listen(0, '127.0.0.1', resolve));
    return registry;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** As a manifest refers to its image. */
  get ref(): string {
    return `docker://127.0.0.1:${this.port}/team/app:latest`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '', headers } = request;
    this.requests.push({ method, url, authorization: headers.authorization, range: headers.range });
    if (await this.#trick(request, response)) return;
    if (url === '/v2/') return void response.end('{}');
    if (url.startsWith(`${REPOSITORY}manifests/`)) return this.#manifest(url.slice(REPOSITORY.length + 10), response);
    if (url.startsWith(`${REPOSITORY}blobs/`)) return this.#blob(url.slice(REPOSITORY.length + 6), request, response);
    notFound(response, 'NAME_UNKNOWN');
  }

  #manifest(reference: string, response: ServerResponse): void {
    const top = JSON.parse(readFileSync(join(this.#layout, 'index.json'), 'utf8')) as { manifests: Document[] };
    const first = top.manifests[0]!;
    const digest = reference === 'latest' ? first.digest : (this.tags.get(reference) ?? reference);
    const path = this.#path(digest);
    if (path === undefined) return notFound(response, 'MANIFEST_UNKNOWN');
    const bytes = readFileSync(path);
    const { mediaType } = JSON.parse(bytes.toString()) as { mediaType?: string };
    const type = mediaType ?? (digest === first.digest ? first.mediaType : undefined);
    response.setHeader('content-type', type ?? 'application/vnd.oci.image.manifest.v1+json');
    response.setHeader('docker-content-digest', `sha256:${createHash('sha256').update(bytes).digest('hex')}`);
    response.end(bytes);
  }

  #blob(digest: string, { headers: { range } }: IncomingMessage, response: ServerResponse): void {
    const path = this.#path(digest);
    if (path === undefined) return notFound(response, 'BLOB_UNKNOWN');
    const bytes = readFileSync(path);
    const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    if (from > 0) {
      response.statusCode = 206;
      response.setHeader('content-range', `bytes ${from}-${bytes.length - 1}/${bytes.length}`);
    }
    response.setHeader('content-length', bytes.length - from);
    response.end(bytes.subarray(from));
  }

  #path(digest: string): string | undefined {
    const path = join(this.#layout, 'blobs/sha256', digest.replace('sha256:', ''));
    return /^sha256:[0-9a-f]{64}$/.test(digest) && existsSync(path) ? path : undefined;
  }
}

function notFound(response: ServerResponse, code: string): void {
  response.statusCode = 404;
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ errors: [{ code, message: 'not known to registry' }] }));
}
