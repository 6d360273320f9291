import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { LayoutRegistry, type RegistryOptions, type Trick } from '../../harness/registry.ts';
import { archive } from '../../unit/stage0/image/tar-fixture.ts';
import { Workspace, writeLayout } from './workspace.ts';

const BASE = archive({ path: 'etc/passwd', content: 'root:x:0:0::/root:/bin/sh\n' });
const REALM = '/token';
const BASIC = `Basic ${Buffer.from('ada:s3cret').toString('base64')}`;

interface Access extends AsyncDisposable {
  readonly work: Workspace;
  readonly registry: LayoutRegistry;
  /** Fetches, with a home of its own. */
  readonly fetch: (ref?: string, more?: NodeJS.ProcessEnv) => Promise<unknown>;
}

async function serve(options: RegistryOptions = {}): Promise<Access> {
  const work = new Workspace();
  const layout = join(work.dir, 'layout');
  writeLayout(layout, { layers: [BASE] });
  const registry = await LayoutRegistry.start(layout, options);
  const env = { HOME: join(work.dir, 'home'), PATH: `${work.dir}:${process.env['PATH']}` };
  mkdirSync(join(env.HOME, '.docker'), { recursive: true });
  return {
    work,
    registry,
    fetch: (ref = registry.ref, more = {}) =>
      work.resolve(ref, { client: { env: { ...env, ...more }, pauseMs: 1, idleMs: 60_000 } }),
    async [Symbol.asyncDispose]() {
      await registry[Symbol.asyncDispose]();
      work[Symbol.dispose]();
    },
  };
}

function logIn({ work }: Access, file: (host: string) => object, host: string): void {
  writeFileSync(join(work.dir, 'home/.docker/config.json'), JSON.stringify(file(host)));
}

function hostOf({ registry }: Access): string {
  return `127.0.0.1:${registry.port}`;
}

function deny(response: ServerResponse, challenge: string): true {
  response.writeHead(401, { 'www-authenticate': challenge }).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
  return true;
}

/** Gives tokens to those it knows; everything else needs one. */
function tokens(isKnown: (request: IncomingMessage, body: string) => boolean): Trick {
  return async (request, response) => {
    const { url = '', headers } = request;
    if (url.startsWith(REALM)) {
      let body = '';
      for await (const chunk of request) body += String(chunk);
      if (!isKnown(request, body)) return deny(response, 'Basic realm="tokens"');
      response.end(JSON.stringify({ token: 'a-token' }));
      return true;
    }
    if (headers.authorization === 'Bearer a-token') return false;
    return deny(response, `Bearer realm="http://${headers.host}${REALM}",service="tests",scope="whatever"`);
  };
}

test('who asks for a token gets one, and is let in with it', async () => {
  await using access = await serve({ trick: tokens((request) => request.headers.authorization === undefined) });
  await access.fetch();
  const asked = access.registry.requests.filter(({ url }) => url.startsWith(REALM));
  assert.deepEqual(
    asked.map(({ url }) => url),
    [`${REALM}?service=tests&scope=repository%3Ateam%2Fapp%3Apull`],
  );
});

test('credentials are those that docker and podman keep, the most specific first', async () => {
  await using access = await serve({ trick: tokens(({ headers }) => headers.authorization === BASIC) });
  await assert.rejects(access.fetch(), { code: 'image/denied' });
  const auth = (text: string): object => ({ auth: Buffer.from(text).toString('base64') });
  logIn(
    access,
    (host) => ({ auths: { [host]: auth('eve:wrong'), [`${host}/team`]: auth('ada:s3cret') } }),
    hostOf(access),
  );
  await access.fetch();
});

test('a registry that wants the password itself gets it', async () => {
  const trick: Trick = ({ headers }, response) =>
    headers.authorization === BASIC ? false : deny(response, 'Basic realm="registry"');
  await using access = await serve({ trick });
  await assert.rejects(access.fetch(), { code: 'image/denied' });
  logIn(access, (host) => ({ auths: { [host]: { auth: BASIC.slice(6) } } }), hostOf(access));
  await access.fetch();
});

test('a refresh token and a credential helper do', async () => {
  await using access = await serve({
    trick: tokens((_request, body) => new URLSearchParams(body).get('refresh_token') === 'long-lived'),
  });
  const host = hostOf(access);
  logIn(access, () => ({ auths: { [host]: { identitytoken: 'long-lived' } } }), host);
  await access.fetch();

  await using other = await serve({ trick: tokens(({ headers }) => headers.authorization === BASIC) });
  const helper = join(other.work.dir, 'docker-credential-test');
  writeFileSync(helper, '#!/bin/sh\nread host\necho "{\\"Username\\":\\"ada\\",\\"Secret\\":\\"s3cret\\"}"\n');
  chmodSync(helper, 0o755);
  logIn(other, (name) => ({ credHelpers: { [name]: 'test' } }), hostOf(other));
  const path = process.env['PATH'];
  process.env['PATH'] = `${other.work.dir}:${path}`;
  try {
    await other.fetch();
  } finally {
    process.env['PATH'] = path;
  }
});

test('a file of credentials that is damaged is an error that quotes none of it', async () => {
  await using access = await serve({ trick: tokens(() => false) });
  for (const text of ['s3cret', '[]', '{"auths":[]}', '{"auths":{"HOST":{"auth":"czNjcmV0"}}}']) {
    const path = join(access.work.dir, 'home/.docker/config.json');
    writeFileSync(path, text.replace('HOST', hostOf(access)));
    await assert.rejects(access.fetch(), (error: Error & { code?: string }) => {
      assert.equal(error.code, 'image/denied');
      assert.ok(error.message.includes(path) && !/s3cret|czNjcmV0/.test(error.message), error.message);
      return true;
    });
  }
});

/** Where a blob is kept elsewhere, as cloud registries have it. */
test('who we are is shown to the registry, and to nobody it sends us to', async () => {
  await using storage = await serve();
  const trick: Trick = (request, response) => {
    if (request.headers.authorization !== BASIC) return deny(response, 'Basic realm="registry"');
    if (!request.url!.includes('/blobs/')) return false;
    response.writeHead(307, { location: `http://127.0.0.1:${storage.registry.port}${request.url}` }).end();
    return true;
  };
  await using access = await serve({ trick });
  logIn(access, (host) => ({ auths: { [host]: { auth: BASIC.slice(6) } } }), hostOf(access));
  await access.fetch();
  assert.equal(storage.registry.requests.length, 2);
  assert.ok(storage.registry.requests.every(({ authorization }) => authorization === undefined));
});

test('a place that a redirect leads to gets no credentials, even if it asks', async () => {
  await using elsewhere = await serve({ trick: (_request, response) => deny(response, 'Basic realm="give me"') });
  const trick: Trick = (request, response) => {
    if (request.headers.authorization !== BASIC) return deny(response, 'Basic realm="registry"');
    response.writeHead(302, { location: `http://127.0.0.1:${elsewhere.registry.port}/v2/` }).end();
    return true;
  };
  await using access = await serve({ trick });
  logIn(access, (host) => ({ auths: { [host]: { auth: BASIC.slice(6) } } }), hostOf(access));
  await assert.rejects(access.fetch(), { code: 'image/denied' });
  assert.ok(elsewhere.registry.requests.every(({ authorization }) => authorization === undefined));
});

test('nothing is fetched in the clear from elsewhere, and no password goes there', async () => {
  for (const location of ['http://192.0.2.1/blob', 'ftp://127.0.0.1/blob', 'file:///etc/passwd', '']) {
    await using access = await serve({
      trick: (request, response) => {
        if (!request.url!.includes('/manifests/')) return false;
        response.writeHead(302, { location }).end();
        return true;
      },
    });
    await assert.rejects(access.fetch(), { code: location === '' ? 'image/corrupt' : 'image/unreachable' }, location);
  }
  const realm: Trick = (_request, response) => deny(response, 'Bearer realm="http://192.0.2.1/token"');
  await using access = await serve({ trick: realm });
  await assert.rejects(access.fetch(), { code: 'image/unreachable' });
});

test('redirects that never end do end', async () => {
  await using access = await serve({
    trick: (request, response) => {
      response.writeHead(302, { location: `${request.url}x` }).end();
      return true;
    },
  });
  await assert.rejects(access.fetch(), { code: 'image/corrupt' });
  assert.ok(access.registry.requests.length < 10);
});

test('without TLS a registry is used on this machine only', async () => {
  await using access = await serve();
  // The same address, by a name that does not look it.
  const ref = `docker://0x7f000001:${access.registry.port}/team/app:latest`;
  await assert.rejects(access.fetch(ref), (error: Error & { code?: string; hint?: string }) => {
    assert.equal(error.code, 'image/unreachable', error.stack);
    assert.match(error.hint ?? '', /TLS/);
    return true;
  });
  assert.deepEqual(access.registry.requests, []);
});

/** Of an authority that nobody knows. */
function makeCertificate({ dir }: Workspace, names: string): { cert: Buffer; key: Buffer } {
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test';
  const args = [...words.split(' '), '-addext', `subjectAltName=${names}`, '-out', cert, '-keyout', key];
  execFileSync('openssl', args, { stdio: 'pipe' });
  return { cert: readFileSync(cert), key: readFileSync(key) };
}

test('a certificate is believed where its authority was made known, and for its names', async () => {
  using files = new Workspace();
  const tls = makeCertificate(files, 'IP:127.0.0.1');
  await using access = await serve({ tls });
  await assert.rejects(access.fetch(), (error: Error & { code?: string; hint?: string }) => {
    assert.equal(error.code, 'image/unreachable', error.stack);
    assert.match(error.hint ?? '', /certs\.d/);
    return true;
  });
  assert.deepEqual(access.registry.requests, []);
  const certs = join(access.work.dir, `home/.config/containers/certs.d/${hostOf(access)}`);
  mkdirSync(certs, { recursive: true });
  writeFileSync(join(certs, 'ca.crt'), tls.cert);
  await access.fetch();

  const wrong = makeCertificate(files, 'DNS:elsewhere.test');
  await using other = await serve({ tls: wrong });
  const known = join(other.work.dir, `home/.config/containers/certs.d/${hostOf(other)}`);
  mkdirSync(known, { recursive: true });
  writeFileSync(join(known, 'ca.crt'), wrong.cert);
  await assert.rejects(other.fetch(), { code: 'image/unreachable' });
});

interface Proxy extends AsyncDisposable {
  readonly url: string;
  /** What tunnels were asked for, with what proof. */
  readonly asked: { readonly target: string | undefined; readonly login: string | undefined }[];
}

/** Makes all its tunnels to one port of this machine. */
async function startProxy(port: number, status = 200): Promise<Proxy> {
  const asked: Proxy['asked'][number][] = [];
  const sockets = new Set<{ destroy: () => void }>();
  const server = createServer();
  server.on('connect', ({ url, headers }, socket) => {
    asked.push({ target: url, login: headers['proxy-authorization'] });
    socket.write(`HTTP/1.1 ${status} Whatever\r\n\r\n`);
    if (status !== 200) return socket.end();
    const onward = connect(port, '127.0.0.1');
    for (const one of [socket, onward]) sockets.add(one.on('error', () => undefined));
    socket.pipe(onward).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://ada:s3cret@127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

test('a registry elsewhere is reached through the proxy, with its certificate checked as ever', async () => {
  using files = new Workspace();
  const tls = makeCertificate(files, 'DNS:registry.test');
  await using access = await serve({ tls });
  await using proxy = await startProxy(access.registry.port);
  const ref = 'docker://registry.test/team/app:latest';
  const env = { HTTPS_PROXY: proxy.url, SSL_CERT_FILE: join(files.dir, 'cert.pem') };
  await assert.rejects(access.fetch(ref.replace('.test', '.example'), env), { code: 'image/unreachable' });
  assert.deepEqual(access.registry.requests, []);
  await access.fetch(ref, env);
  assert.deepEqual(
    new Set(proxy.asked.map(({ target }) => target)),
    new Set(['registry.example:443', 'registry.test:443']),
  );
  assert.ok(proxy.asked.every(({ login }) => login === BASIC));

  await using closed = await startProxy(0, 403);
  await assert.rejects(
    access.fetch(ref.replace('latest', '2'), { ...env, HTTPS_PROXY: closed.url }),
    /proxy .* answers 403/,
  );
});
