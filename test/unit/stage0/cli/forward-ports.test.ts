import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatEndpoint, parseForward, resolveForward } from '../../../../stages/stage0/cli/forward-ports.ts';
import { PodError } from '../../../../stages/stage0/error.ts';

test('a forward is a port of the host and one of the pod, and an address before them', () => {
  const cases: readonly [string, string | undefined, number | undefined, number | string][] = [
    ['80', undefined, undefined, 80],
    ['http', undefined, undefined, 'http'],
    [':80', undefined, 0, 80],
    ['8080:web-1', undefined, 8080, 'web-1'],
    ['192.0.2.1::80', '192.0.2.1', 0, 80],
    ['8080:80', undefined, 8080, 80],
    ['0:80', undefined, 0, 80],
    ['localhost:8080:80', undefined, 8080, 80],
    ['192.0.2.1:8080:65535', '192.0.2.1', 8080, 65_535],
    ['[::1]:8080:80', '::1', 8080, 80],
  ];
  for (const [text, address, hostPort, podPort] of cases)
    assert.deepEqual(parseForward(text), { address, hostPort, podPort }, text);
});

test('what is no forward is an error of the command line', () => {
  const wrong = [
    '',
    '0',
    ':',
    '80:',
    '80:0',
    'Web',
    'http:80',
    '-x',
    '65536',
    '65536:80',
    '80:65536',
    '-1:80',
    '8e1:80',
    '::1:80:80',
    '[::1:80:80',
  ];
  for (const text of [...wrong, 'web:80:80', '[192.0.2.1]:80:80', '[]:80:80', ':80:80', '1.2.3:80:80', '80:80/udp'])
    assert.throws(
      () => parseForward(text),
      (error) => error instanceof PodError && error.code === 'cli/usage',
      text,
    );
});

test('a port without one of the host is the same there, and a name is one of the manifest', () => {
  const ports = new Map([['http', 8000]]);
  assert.deepEqual(resolveForward(parseForward('http'), ports), { address: undefined, hostPort: 8000, podPort: 8000 });
  assert.deepEqual(resolveForward(parseForward(':http'), ports), { address: undefined, hostPort: 0, podPort: 8000 });
  assert.deepEqual(resolveForward(parseForward('81'), ports), { address: undefined, hostPort: 81, podPort: 81 });
  assert.throws(
    () => resolveForward(parseForward('grpc'), ports),
    (error) => error instanceof PodError && error.code === 'cli/usage' && error.hint === 'it has http',
  );
});

test('an address of IPv6 stands in brackets', () => {
  assert.equal(formatEndpoint('::1', 80), '[::1]:80');
  assert.equal(formatEndpoint('127.0.0.1', 80), '127.0.0.1:80');
});
