import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TLSSocket } from 'node:tls';
import type { ClientOptions } from '../../../stages/stage0/image/registry/client.ts';
import type { ResolvedImage } from '../../../stages/stage0/image/types.ts';
import { LayoutRegistry, type RegistryOptions, type Trick } from '../../harness/registry.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { digestOf, Workspace, writeLayout } from './workspace.ts';

const LAYERS = [0, 1, 2, 3].map((index) => archive({ path: `file${index}`, content: 'x'.repeat(300_000 + index) }));
/** Attempts follow each other at once. */
const CLIENT = { env: { HOME: '/nonexistent' }, pauseMs: 1, idleMs: 60_000 };
const LIMIT = { timeout: 120_000 };

interface Served extends AsyncDisposable {
  readonly work: Workspace;
  readonly registry: LayoutRegistry;
  readonly fetch: (client?: ClientOptions, ref?: string) => Promise<unknown>;
}

async function serve(trick: Trick, layers = LAYERS, more: RegistryOptions = {}): Promise<Served> {
  const work = new Workspace();
  writeLayout(join(work.dir, 'layout'), { layers });
  const registry = await LayoutRegistry.start(join(work.dir, 'layout'), { trick, ...more });
  return {
    work,
    registry,
    fetch: (client = {}, ref = registry.ref) => work.resolve(ref, { client: { ...CLIENT, ...client } }),
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      work[Symbol.dispose]();
    },
  };
}

type Fault = Error & { code?: string; hint?: string };

async function failureOf(fetched: Promise<unknown>, code: string): Promise<Fault> {
  let fault: Fault | undefined;
  await assert.rejects(fetched, (error: Fault) => {
    assert.equal(error.code, code, error.stack);
    fault = error;
    return true;
  });
  return fault!;
}

async function within<T>(limitMs: number, action: () => Promise<T>): Promise<T> {
  const startedMs = performance.now();
  const result = await action();
  assert.ok(performance.now() - startedMs < limitMs, `it took ${performance.now() - startedMs} ms`);
  return result;
}

test('a registry that wants to be left alone for long is, and says for how long', LIMIT, async () => {
  await using served = await serve((_request, response) => {
    response.writeHead(429, { 'retry-after': '3600' }).end();
    return true;
  });
  const { message } = await within(30_000, () => failureOf(served.fetch(), 'image/unreachable'));
  assert.match(message, /answers 429.*3600 s/);
  assert.equal(served.registry.requests.filter(({ url }) => url.includes('/manifests/')).length, 1);
});

/** Never comes to its end by itself within the test's time. */
function drip(response: ServerResponse, bytes: Buffer): void {
  response.setHeader('content-length', bytes.length);
  let done = 0;
  const timer = setInterval(() => {
    if (response.destroyed) return clearInterval(timer);
    response.write(bytes.subarray(done, (done += 100)));
  }, 20);
}

test('a layer that is damaged ends the transfer of the others', LIMIT, async () => {
  await using served = await serve((request, response) => {
    if (request.url!.endsWith(digestOf(LAYERS[0]!))) drip(response, LAYERS[0]!);
    else if (request.url!.endsWith(digestOf(LAYERS[1]!))) response.end(Buffer.alloc(LAYERS[1]!.length));
    else return false;
    return true;
  });
  const { message } = await within(30_000, () => failureOf(served.fetch(), 'image/corrupt'));
  assert.ok(message.includes(digestOf(LAYERS[1]!)), message);
  assert.deepEqual(served.work.leftovers(), []);
});

test('a token that ends while all connections are in use is replaced by a new one', LIMIT, async () => {
  let tokens = 0;
  const waiting: (() => void)[] = [];
  await using served = await serve(async ({ url = '', headers }, response) => {
    if (url.startsWith('/token')) {
      response.end(JSON.stringify({ token: '', access_token: `t${++tokens}` }));
      return true;
    }
    const layer = LAYERS.some((bytes) => url.endsWith(digestOf(bytes)));
    if (headers.authorization !== undefined && (!layer || headers.authorization !== 'Bearer t1')) return false;
    // All four at once.
    if (layer) {
      const all = new Promise<void>((resolve) => waiting.push(resolve));
      if (waiting.length === LAYERS.length) for (const go of waiting) go();
      await all;
    }
    const challenge = `Bearer realm="http://${headers.host}/token"`;
    response.writeHead(401, { 'www-authenticate': challenge, 'content-length': 5_000 }).end('x'.repeat(5_000));
    return true;
  });
  await within(30_000, () => served.fetch());
  assert.ok(tokens > 1);
});

test('a layer that is removed while others are fetched is fetched again', LIMIT, async () => {
  let layer = '';
  await using served = await serve(({ url = '' }) => {
    if (url.endsWith(digestOf(LAYERS[1]!))) rmSync(layer, { recursive: true, force: true });
    return false;
  });
  layer = await served.work.unpack(LAYERS[0]!);
  const { mounts } = (await served.fetch()) as ResolvedImage;
  assert.deepEqual(
    mounts[0]!.layers.filter((path) => !existsSync(path)),
    [],
  );
  assert.equal(mounts[0]!.layers[0], layer);
});

test('nothing of what a registry says moves the cursor of a terminal, or fills the screen', LIMIT, async () => {
  const types = {
    manifest: 'application/vnd.oci.image.manifest.v1+json',
    index: 'application/vnd.oci.image.index.v1+json',
  };
  const escape = String.fromCharCode(27);
  const part = { digest: `sha256:${'a'.repeat(64)}`, size: 3 };
  const platforms = Array.from({ length: 1000 }, (_, index) => ({
    os: 'linux',
    architecture: `x${index}${escape}[31m`,
  }));
  const manifests = platforms.map((platform) => ({ ...part, mediaType: types.manifest, platform }));
  const layers = [{ ...part, mediaType: `text/${escape}[31m` }];
  const answers: readonly [code: string, type: string, text: string][] = [
    ['image/platform', types.index, JSON.stringify({ schemaVersion: 2, manifests })],
    ['image/corrupt', types.manifest, JSON.stringify({ schemaVersion: 2, config: part, layers })],
    ['image/corrupt', types.manifest, JSON.stringify({ schemaVersion: 2, mediaType: `${escape}[31m` })],
    ['image/corrupt', types.manifest, `${escape}[31m`],
    ['image/unreachable', 'text/html; charset=utf-8', `${escape}<title>Log in</title>`],
  ];
  for (const [code, type, text] of answers) {
    await using served = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': type }).end(text);
      return true;
    });
    const { message, hint = '' } = await failureOf(served.fetch(), code);
    assert.ok(!`${message}${hint}`.includes(escape) && hint.length < 1000, JSON.stringify([message, hint]));
  }
});

test('a token server that is busy is asked again', LIMIT, async () => {
  let left = 2;
  await using served = await serve(({ url = '', headers }, response) => {
    if (headers.authorization === 'Bearer t') return false;
    const challenge = `Bearer realm="http://${headers.host}/token"`;
    if (!url.startsWith('/token')) response.writeHead(401, { 'www-authenticate': challenge }).end();
    else if (left-- > 0) response.writeHead(503).end();
    else response.end('{"token":"t"}');
    return true;
  });
  await served.fetch();
});

test('a transfer that breaks off often, but gets on, comes to its end', LIMIT, async () => {
  const layer = archive({ path: 'large', content: 'x'.repeat(12 * 1024 * 1024) });
  let cuts = 0;
  await using served = await serve(
    (request, response) => {
      const from = Number(/\d+/.exec(request.headers.range ?? '0')![0]);
      const piece = layer.subarray(from, from + 1.4 * 1024 * 1024);
      if (!request.url!.endsWith(digestOf(layer)) || from + piece.length === layer.length) return false;
      cuts++;
      response.writeHead(from > 0 ? 206 : 200, {
        'content-length': layer.length - from,
        'content-range': `bytes ${from}-${layer.length - 1}/${layer.length}`,
      });
      response.write(piece, () => setTimeout(() => response.destroy(), 50));
      return true;
    },
    [layer],
  );
  await served.fetch();
  assert.ok(cuts > 5);
});

/** Listens, and never answers. */
async function startSilent(): Promise<Server> {
  const server = createServer((socket) => socket.on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

test('a proxy that never answers, refuses or is not there is what the error is about', LIMIT, async () => {
  await using served = await serve(() => false);
  const server = await startSilent();
  const address = `127.0.0.1:${portOf(server)}`;
  const fetch = (proxy: string): Promise<unknown> =>
    served.fetch({ idleMs: 200, env: { HTTPS_PROXY: proxy } }, 'docker://registry.test/team/app:latest');
  const fault = await within(30_000, () => failureOf(fetch(`http://${address}`), 'image/unreachable'));
  assert.match(fault.message, new RegExp(`proxy ${address}.*no answer`));
  server.close();
  const gone = await failureOf(fetch(`http://ada:s3cret@${address}`), 'image/unreachable');
  assert.match(gone.message, new RegExp(`proxy ${address}`));
  assert.match(gone.hint ?? '', /HTTPS_PROXY/);
  assert.doesNotMatch(gone.message, /s3cret/);
  const odd = await failureOf(fetch(`http://ada:100%@${address}`), 'image/unreachable');
  assert.doesNotMatch(odd.message, /100%/);
});

/** Accepts no connection: the kernel drops what comes once its queue is full. */
async function startDeaf(): Promise<{ port: number; child: ChildProcess }> {
  const program = `import { writeSync } from 'node:fs';
    import { createServer } from 'node:net';
    const server = createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      writeSync(1, String(server.address().port) + '\\n');
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { port: Number(line.toString()), child };
}

test('a host that cannot be reached is left after one attempt', LIMIT, async () => {
  await using served = await serve(() => false);
  const { port, child } = await startDeaf();
  const queued = Array.from({ length: 4 }, () => connect(port, '127.0.0.1').on('error', () => undefined));
  try {
    await Promise.all(queued.slice(0, 2).map((socket) => once(socket, 'connect')));
    const ref = `docker://127.0.0.1:${port}/team/app:latest`;
    const fault = await within(15_000, () => failureOf(served.fetch({ idleMs: 4_000 }, ref), 'image/unreachable'));
    assert.match(fault.message, /no connection for 4 s/);
  } finally {
    child.kill('SIGKILL');
    for (const socket of queued) socket.destroy();
  }
});

test('a certificate of ours is shown to the registry, and to nobody it sends us to', LIMIT, async () => {
  using files = new Workspace();
  const [certPath, keyPath] = [join(files.dir, 'cert.pem'), join(files.dir, 'key.pem')];
  const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test';
  const args = [...words.split(' '), '-addext', 'subjectAltName=IP:127.0.0.1', '-out', certPath, '-keyout', keyPath];
  execFileSync('openssl', args, { stdio: 'pipe' });
  const [cert, key] = [readFileSync(certPath), readFileSync(keyPath)];
  const tls = { cert, key, requestCert: true, rejectUnauthorized: false };
  const shown: Record<string, Set<boolean>> = { registry: new Set(), elsewhere: new Set() };
  const note = (who: string, socket: TLSSocket): void =>
    void shown[who]!.add(Object.keys(socket.getPeerCertificate()).length > 0);
  const elsewhereTrick: Trick = ({ socket }) => {
    note('elsewhere', socket as TLSSocket);
    return false;
  };
  await using elsewhere = await serve(elsewhereTrick, LAYERS, { tls });
  const trick: Trick = ({ url = '', socket }, response) => {
    note('registry', socket as TLSSocket);
    if (!url.includes('/blobs/')) return false;
    response.writeHead(307, { location: `https://127.0.0.1:${elsewhere.registry.port}${url}` }).end();
    return true;
  };
  await using served = await serve(trick, LAYERS, { tls });
  const certs = join(served.work.dir, `.config/containers/certs.d/127.0.0.1:${served.registry.port}`);
  mkdirSync(certs, { recursive: true });
  for (const [name, bytes] of Object.entries({ 'ca.crt': cert, 'us.cert': cert, 'us.key': key }))
    writeFileSync(join(certs, name), bytes);
  await served.fetch({ env: { HOME: served.work.dir } });
  assert.deepEqual(shown, { registry: new Set([true]), elsewhere: new Set([false]) });
});
