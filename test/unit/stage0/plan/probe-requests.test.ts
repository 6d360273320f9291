import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authority, httpRequest } from '../../../../stages/stage0/plan/http-request.ts';
import { answerWith, askHealth } from '../../../harness/grpc-server.ts';

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

test('a server reads the gRPC request as a health check of the service', async () => {
  const service = 'long.'.repeat(40);
  const { headers, body } = await askHealth(service, (stream) => answerWith(stream, 1));
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
  const { body } = await askHealth('', (stream) => answerWith(stream, 1));
  assert.deepEqual(body, Buffer.alloc(5));
});
