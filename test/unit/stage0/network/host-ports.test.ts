import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodError } from '../../../../stages/stage0/error.ts';
import { claimPorts, PORT_KIND, releasePorts } from '../../../../stages/stage0/network/host-ports.ts';
import { parseListeners } from '../../../../stages/stage0/network/listeners.ts';
import type { PublishedPort } from '../../../../stages/stage0/network/types.ts';
import { memoryClaims } from './memory-claims.ts';

let line = 0;

function port(hostPort: number, more: Partial<PublishedPort> = {}): PublishedPort {
  const at = { file: 'web.yaml', line: ++line, col: 5 };
  return { name: 'p', app: 'a', port: 80, protocol: 'tcp', hostPort, at, ...more };
}

const silent = (): string[] => [];

/** The error of two pods that publish these ports one after the other, or undefined. */
function conflict(first: PublishedPort, second: PublishedPort): unknown {
  const claims = memoryClaims();
  claimPorts(claims, '/r', [first], 'one', silent);
  try {
    claimPorts(claims, '/r', [second], 'two', silent);
    return undefined;
  } catch (error) {
    return error;
  }
}

test('the same port of two pods is refused at the line of the second', () => {
  const second = port(8080);
  const error = conflict(port(8080), second);
  assert.ok(error instanceof PodError);
  assert.equal(error.code, 'network/port-taken');
  assert.deepEqual(error.at, second.at);
});

test('addresses that meet are refused, others are not', () => {
  const pairs: [string | undefined, string | undefined, boolean][] = [
    [undefined, '127.0.0.1', true],
    ['127.0.0.1', undefined, true],
    ['0.0.0.0', '192.0.2.2', true],
    ['0.0.0.0', '::', false],
    ['0.0.0.0', 'fd00::1', false],
    ['::', 'fd00::1', true],
    ['fd00::1', 'fd00:0::1', true],
    ['127.0.0.1', '192.0.2.2', false],
    [undefined, '::', true],
  ];
  for (const [a, b, refused] of pairs) {
    const error = conflict(
      port(80, a === undefined ? {} : { hostIP: a }),
      port(80, b === undefined ? {} : { hostIP: b }),
    );
    assert.equal(error !== undefined, refused, `${a} and ${b}`);
  }
});

test('another protocol or port is another port', () => {
  assert.equal(conflict(port(53), port(53, { protocol: 'udp' })), undefined);
  assert.equal(conflict(port(53), port(54)), undefined);
});

test('a manifest that publishes a port twice is refused, and nothing stays claimed', () => {
  const claims = memoryClaims();
  const twice = [port(80), port(80, { hostIP: '127.0.0.1' })];
  assert.throws(
    () => claimPorts(claims, '/r', twice, 'one', silent),
    (error) => error instanceof PodError && error.at === twice[1]!.at,
  );
  assert.equal(claims.hasClaims('/r', PORT_KIND), false);
});

test('a process that listens on the host is in the way', () => {
  const claims = memoryClaims();
  const refused = (listener: string, more: Partial<PublishedPort>): boolean => {
    const wanted = port(80, more);
    try {
      claimPorts(claims, '/r', [wanted], 'one', () => [listener]);
    } catch (error) {
      return error instanceof PodError && error.code === 'network/port-taken';
    }
    releasePorts(claims, '/r', [wanted], 'one');
    return false;
  };
  assert.equal(refused('tcp-any-80', { hostIP: '127.0.0.1' }), true);
  assert.equal(refused('tcp-127.0.0.1-80', {}), true);
  assert.equal(refused('tcp-192.0.2.2-80', { hostIP: '127.0.0.1' }), false);
  assert.equal(refused('tcp-any-81', {}), false);
});

test('the IPv6 loopback cannot be published', () => {
  assert.throws(
    () => claimPorts(memoryClaims(), '/r', [port(80, { hostIP: '0::1' })], 'one', silent),
    (error) => error instanceof PodError && error.code === 'host/unsupported',
  );
});

test("listeners are read from the kernel's tables", () => {
  const head = '  sl  local_address rem_address   st\n';
  const tcp = `${head}   0: 0100007F:1F90 00000000:0000 0A\n   1: 0100007F:1F91 0100007F:9999 01\n   2: 00000000:0016 00000000:0000 0A\n`;
  const loopback6 = '00000000000000000000000001000000';
  const mapped = '0000000000000000FFFF00000100007F';
  const tcp6 = `${head}   0: ${loopback6}:0050 ${'0'.repeat(32)}:0000 0A\n   1: ${'0'.repeat(32)}:0051 ${'0'.repeat(32)}:0000 0A\n   2: ${mapped}:0052 ${'0'.repeat(32)}:0000 0A\n`;
  assert.deepEqual(parseListeners('tcp', tcp, tcp6), [
    'tcp-127.0.0.1-8080',
    'tcp-any4-22',
    'tcp-::1-80',
    'tcp-any-81',
    'tcp-127.0.0.1-82',
  ]);
  assert.deepEqual(parseListeners('udp', `${head}   0: 00000000:0035 00000000:0000 07\n`, ''), ['udp-any4-53']);
});
