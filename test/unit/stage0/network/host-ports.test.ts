import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PodError } from '../../../../stages/stage0/error.ts';
import { ERRNO } from '../../../../stages/linux/errno.ts';
import { claimPorts, type PortHost } from '../../../../stages/stage0/network/host-ports.ts';
import { PORT_KIND, releasePorts } from '../../../../stages/stage0/network/port-claims.ts';
import { parseListeners } from '../../../../stages/stage0/network/listeners.ts';
import type { PublishedPort } from '../../../../stages/stage0/network/types.ts';
import { memoryClaims } from './memory-claims.ts';

let line = 0;

function port(hostPort: number, more: Partial<PublishedPort> = {}): PublishedPort {
  const at = { file: 'web.yaml', line: ++line, col: 5 };
  return { name: 'p', app: 'a', port: 80, protocol: 'tcp', hostPort, at, ...more };
}

/** A host on which nothing is in the way. */
function quietHost(more: Partial<PortHost> = {}): PortHost {
  return {
    listeners: () => [],
    tryBind: () => 0,
    ownerOf: () => undefined,
    addresses: () => ['192.0.2.2', 'fd99::2', '127.0.0.1'],
    withPortRoots: (_claims, _root, work) => work([]),
    findElement: () => undefined,
    ...more,
  };
}

/** The error of a pod that publishes the port. */
function refusalOf(wanted: PublishedPort, host: Partial<PortHost>, claims = memoryClaims()): PodError | undefined {
  try {
    claimPorts(claims, '/r', [wanted], 'one', quietHost(host));
  } catch (error) {
    assert.ok(error instanceof PodError);
    return error;
  }
  releasePorts(claims, '/r', [wanted], 'one');
  return undefined;
}

/** The error of two pods that publish these ports one after the other, or undefined. */
function conflict(first: PublishedPort, second: PublishedPort): unknown {
  const claims = memoryClaims();
  claimPorts(claims, '/r', [first], 'one', quietHost());
  try {
    claimPorts(claims, '/r', [second], 'two', quietHost());
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
    () => claimPorts(claims, '/r', twice, 'one', quietHost()),
    (error) => error instanceof PodError && error.at === twice[1]!.at,
  );
  assert.equal(claims.hasClaims('/r', PORT_KIND), false);
});

/** Servers can bind to no port of this host. */
const BUSY: Partial<PortHost> = { tryBind: (_protocol, _ip, at) => (at === 0 ? 0 : ERRNO.EADDRINUSE) };

test('a process that listens on the host is in the way, and is named', () => {
  const refused = (key: string, more: Partial<PublishedPort>): string | undefined => {
    const host = { listeners: () => [{ key, inode: 7 }], ownerOf: (inode: number) => `"nginx" (process ${inode})` };
    return refusalOf(port(80, more), { ...BUSY, ...host })?.message;
  };
  assert.match(refused('tcp-any-80', { hostIP: '127.0.0.1' })!, /"nginx" \(process 7\)/);
  assert.match(refused('tcp-127.0.0.1-80', {})!, /"nginx" \(process 7\)/);
  assert.equal(refused('tcp-192.0.2.2-80', { hostIP: '127.0.0.1' }), undefined);
  assert.equal(refused('tcp-any-81', {}), undefined);
});

test('where a server can bind nobody listens, and the tables of sockets are not read', () => {
  const asked: string[] = [];
  const host: Partial<PortHost> = {
    listeners: () => assert.fail('read'),
    tryBind: (protocol, ip, at) => {
      asked.push(`${protocol} ${ip.length} ${at}`);
      return 0;
    },
  };
  assert.equal(refusalOf(port(80), host), undefined);
  assert.deepEqual(asked.splice(0), ['tcp 4 80', 'tcp 16 80']);
  assert.equal(refusalOf(port(80, { protocol: 'udp', hostIP: '0.0.0.0' }), host), undefined);
  assert.deepEqual(asked, ['udp 4 80']);
});

test('a kernel without IPv6 has nobody who listens there', () => {
  const host: Partial<PortHost> = {
    listeners: () => assert.fail('read'),
    tryBind: (_protocol, ip) => (ip.length === 4 ? 0 : ERRNO.EAFNOSUPPORT),
  };
  assert.equal(refusalOf(port(80), host), undefined);
});

test('an address that the host does not have is refused at its own line, with those that it has', () => {
  const hostIPAt = { file: 'web.yaml', line: 99, col: 7 };
  const host: Partial<PortHost> = { tryBind: (_protocol, _ip, at) => (at === 0 ? ERRNO.EADDRNOTAVAIL : 0) };
  const error = refusalOf(port(80, { hostIP: '203.0.113.9', hostIPAt }), host);
  assert.equal(error?.code, 'network/address');
  assert.deepEqual(error.at, hostIPAt);
  assert.match(error.hint!, /192\.0\.2\.2, 127\.0\.0\.1/);
  assert.doesNotMatch(error.hint!, /fd99/);
  assert.equal(refusalOf(port(80, { hostIP: '0.0.0.0' }), host), undefined);
  assert.equal(refusalOf(port(80, { hostIP: '::' }), host), undefined);
});

test('on a kernel without IPv6 the host has no IPv6 address', () => {
  const error = refusalOf(port(80, { hostIP: 'fd99::2' }), { tryBind: () => ERRNO.EAFNOSUPPORT });
  assert.equal(error?.code, 'network/address');
});

test('a pod of another root is in the way, and is named with its root', () => {
  const claims = memoryClaims();
  claimPorts(claims, '/other', [port(80, { hostIP: '192.0.2.2' })], 'its-pod', quietHost());
  const error = refusalOf(port(80), { withPortRoots: (_claims, _root, work) => work(['/empty', '/other']) }, claims);
  assert.equal(error?.code, 'network/port-taken');
  assert.deepEqual([error.holder, error.holderRoot], ['its-pod', '/other']);
  assert.match(error.message, /its-pod under --root \/other/);
  assert.equal(claims.hasClaims('/r', PORT_KIND), false);
});

test('so is a firewall table whose root is not here', () => {
  const asked: string[] = [];
  const claims = memoryClaims();
  const findElement: PortHost['findElement'] = (root, key) => `pod-${asked.push(`${root} ${key}`)}`;
  const error = refusalOf(port(80), { findElement }, claims);
  assert.equal(error?.code, 'network/port-taken');
  assert.match(error.hint!, /nft delete table inet pod-1$/);
  assert.deepEqual(asked, ['/r tcp-any-80']);
  assert.equal(claims.hasClaims('/r', PORT_KIND), false);
});

test('a link-local address cannot be published', () => {
  assert.equal(refusalOf(port(80, { hostIP: 'fe80::1' }), {})?.code, 'host/unsupported');
  assert.equal(refusalOf(port(80, { hostIP: 'febf::1' }), {})?.code, 'host/unsupported');
  assert.equal(refusalOf(port(80, { hostIP: 'fec0::1' }), {}), undefined);
});

test('the IPv6 loopback cannot be published', () => {
  assert.throws(
    () => claimPorts(memoryClaims(), '/r', [port(80, { hostIP: '0::1' })], 'one', quietHost()),
    (error) => error instanceof PodError && error.code === 'host/unsupported',
  );
});

test("listeners are read from the kernel's tables", () => {
  const head = '  sl  local_address rem_address   st\n';
  const tcp = `${head}   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 100\n   1: 0100007F:1F91 0100007F:9999 01\n   2: 00000000:0016 00000000:0000 0A\n`;
  const loopback6 = '00000000000000000000000001000000';
  const mapped = '0000000000000000FFFF00000100007F';
  const tcp6 = `${head}   0: ${loopback6}:0050 ${'0'.repeat(32)}:0000 0A\n   1: ${'0'.repeat(32)}:0051 ${'0'.repeat(32)}:0000 0A\n   2: ${mapped}:0052 ${'0'.repeat(32)}:0000 0A\n`;
  const keys = (...texts: Parameters<typeof parseListeners>): string[] =>
    parseListeners(...texts).map(({ key }) => key);
  assert.equal(parseListeners('tcp', tcp, '')[0]!.inode, 4711);
  assert.deepEqual(keys('tcp', tcp, tcp6), [
    'tcp-127.0.0.1-8080',
    'tcp-any4-22',
    'tcp-::1-80',
    'tcp-any-81',
    'tcp-127.0.0.1-82',
  ]);
  assert.deepEqual(keys('udp', `${head}   0: 00000000:0035 00000000:0000 07\n`, ''), ['udp-any4-53']);
});
