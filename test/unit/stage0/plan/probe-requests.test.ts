import assert from 'node:assert/strict';
import { once } from 'node:events';
import * as http2 from 'node:http2';
import { connect, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { grpcExchange, type GrpcExchange } from '../../../../stages/stage0/plan/grpc-request.ts';
import { authority, httpRequest } from '../../../../stages/stage0/plan/http-request.ts';

const TARGET = { port: 8080, address: '127.0.0.1', hostName: 'localhost' } as const;

function requestOf(headers: Record<string, string>, target: object = {}): string {
  return Buffer.from(httpRequest({ kind: 'http', ...TARGET, path: '/x?y=1', headers, ...target })).toString('latin1');
}

test('an HTTP request is one GET that asks for the end of the connection', () => {
  assert.equal(
    requestOf({ 'X-Probe': '1' }),
    'GET /x?y=1 HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: pod-probe\r\nAccept: */*\r\nX-Probe: 1\r\nConnection: close\r\n\r\n',
  );
});

test('headers of the manifest are instead of the usual ones, whatever their case', () => {
  const text = requestOf({ host: 'shop.example', 'USER-AGENT': 'me' });
  assert.doesNotMatch(text, /localhost|pod-probe/);
  assert.match(text, /\r\nhost: shop\.example\r\nUSER-AGENT: me\r\n/);
});

test('the host is written as clients write it', () => {
  assert.equal(authority('::1', 80, 80), '[::1]');
  assert.equal(authority('::1', 81, 80), '[::1]:81');
  assert.equal(authority('web', 80), 'web:80');
  assert.match(requestOf({}, { port: 80 }), /\r\nHost: localhost\r\n/);
});

interface Asked {
  readonly headers: http2.IncomingHttpHeaders;
  readonly body: Buffer;
  /** All that came back, up to the end of the stream. */
  readonly answer: Buffer;
}

/** Shows the bytes to a server that did not come from us. `status` of 0: the trailers are all there is. */
async function ask({ request, reply, refuse }: GrpcExchange, status: number): Promise<Asked> {
  const server = http2.createServer();
  const asked = new Promise<Omit<Asked, 'answer'>>((resolve) => {
    server.on('stream', (stream, headers) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        answerWith(stream, status);
        resolve({ headers, body: Buffer.concat(chunks) });
      });
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(request);
  const heard: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => {
    if (heard.length === 0) socket.write(reply);
    heard.push(chunk);
  });
  const { headers, body } = await asked;
  while (!Buffer.concat(heard).includes(Buffer.from(refuse))) {
    await once(socket, 'data');
  }
  socket.destroy();
  server.close();
  return { headers, body, answer: Buffer.concat(heard) };
}

function answerWith(stream: http2.ServerHttp2Stream, status: number): void {
  const headers = { ':status': 200, 'content-type': 'application/grpc' };
  if (status === 0) return stream.respond({ ...headers, 'grpc-status': '5' }, { endStream: true });
  stream.respond(headers, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
  stream.end(Buffer.from([0, 0, 0, 0, 2, 0x08, status]));
}

test('a server reads the gRPC request as a health check of the service', async () => {
  const service = 'long.'.repeat(40);
  const { headers, body } = await ask(grpcExchange({ kind: 'grpc', ...TARGET, service }), 1);
  assert.equal(headers[':method'], 'POST');
  assert.equal(headers[':scheme'], 'http');
  assert.equal(headers[':path'], '/grpc.health.v1.Health/Check');
  assert.equal(headers[':authority'], 'localhost:8080');
  assert.equal(headers['content-type'], 'application/grpc');
  assert.equal(headers['te'], 'trailers');
  // A message of 203 bytes: field 1, 200 bytes.
  assert.deepEqual(body, Buffer.concat([Buffer.from([0, 0, 0, 0, 203, 0x0a, 0xc8, 0x01]), Buffer.from(service)]));
});

test('the server as a whole is asked for with an empty message', async () => {
  const { body } = await ask(grpcExchange({ kind: 'grpc', ...TARGET, service: '' }), 1);
  assert.deepEqual(body, Buffer.alloc(5));
});

test('only the answer SERVING holds what is expected, and it does before the end of the answer', async () => {
  const exchange = grpcExchange({ kind: 'grpc', ...TARGET, service: '' });
  for (const status of [0, 1, 2, 3]) {
    const { answer } = await ask(exchange, status);
    const [at, end] = [answer.indexOf(exchange.expect), answer.indexOf(exchange.refuse)];
    assert.equal(at >= 0, status === 1);
    assert.ok(at < end);
  }
});
