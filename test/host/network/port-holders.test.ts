import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { AF_INET6, SOCK_CLOEXEC, SOCK_STREAM } from '../../../stages/linux/constants.ts';
import { Fd } from '../../../stages/linux/fd.ts';
import { inetAddress } from '../../../stages/linux/inet-address.ts';
import { syscall } from '../../../stages/linux/syscall.ts';
import { PodError } from '../../../stages/stage0/error.ts';
import { findElement } from '../../../stages/stage0/network/foreign-elements.ts';
import { claimPorts } from '../../../stages/stage0/network/host-ports.ts';
import { releasePorts } from '../../../stages/stage0/network/port-claims.ts';
import type { PublishedPort } from '../../../stages/stage0/network/types.ts';
import * as claims from '../../../stages/stage0/pod/claims.ts';
import { Lab, publish, run } from './lab.ts';

const A = '11111111-1111-4111-8111-111111111111';
const B = '22222222-2222-4222-8222-222222222222';

let lab: Lab;
const otherRoot = mkdtempSync(join(tmpdir(), 'pod-other-root-'));

before(async () => {
  lab = await Lab.start();
});

after(async () => {
  await lab.stop();
  rmSync(otherRoot, { recursive: true });
});

/** What a pod in the other root is told that wants this port. */
function refusal(port: PublishedPort): PodError | undefined {
  return lab.inHost(() => {
    try {
      claimPorts(claims, otherRoot, [port], B);
    } catch (error) {
      assert.ok(error instanceof PodError, String(error));
      return error;
    }
    releasePorts(claims, otherRoot, [port], B);
    return undefined;
  });
}

test('a port of a pod of another root is taken, until that pod has ended', async () => {
  const pod = await lab.pod(A, [publish(8080, { hostIP: '192.0.2.2' })]);
  const error = refusal(publish(8080));
  assert.equal(error?.code, 'network/port-taken');
  assert.deepEqual([error.holder, error.holderRoot], [A, lab.root]);
  assert.equal(refusal(publish(8080, { hostIP: '127.0.0.1' })), undefined);
  await pod.cleanUp();
  assert.equal(refusal(publish(8080)), undefined);
});

test('the firewall knows the ports of pods whose root is not here', async () => {
  const ports = [
    publish(8081),
    publish(8082, { hostIP: '192.0.2.2', protocol: 'udp' }),
    publish(8083, { hostIP: 'fd99::2' }),
    publish(8084, { hostIP: '::' }),
  ];
  const pod = await lab.pod(A, ports);
  // As when the root was deleted.
  releasePorts(claims, lab.root, ports, A);
  assert.match(refusal(publish(8081))!.hint!, new RegExp(`nft delete table inet ${lab.config.table}$`));
  const isTaken = (key: string): boolean => lab.inHost(() => findElement(otherRoot, key)) === lab.config.table;
  for (const key of ['tcp-127.0.0.1-8081', 'tcp-fd99::2-8081', 'udp-any-8082', 'udp-192.0.2.2-8082', 'tcp-any6-8083'])
    assert.equal(isTaken(key), true, key);
  for (const key of ['udp-any-8081', 'udp-127.0.0.1-8082', 'tcp-any4-8083', 'tcp-any4-8084', 'tcp-any-8085'])
    assert.equal(isTaken(key), false, key);
  assert.equal(
    lab.inHost(() => findElement(lab.root, 'tcp-any-8081')),
    undefined,
    'its own table',
  );
  await pod.cleanUp();
});

test('a process of the host that listens is named', () => {
  for (const protocol of ['tcp', 'udp'] as const) {
    const error = refusal(publish(80, { protocol, hostIP: '192.0.2.2' }));
    assert.equal(error?.code, 'network/port-taken');
    assert.match(error.message, new RegExp(`"[^"]+" \\(process ${lab.host.pid}\\) listens`));
  }
});

test('a server that is for IPv6 only leaves the port of IPv4 free', () => {
  lab.inHost(() => {
    using socket = new Fd(syscall('socket', AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const address = Buffer.concat(inetAddress(new Uint8Array(16), false, 8090));
    // IPPROTO_IPV6, IPV6_V6ONLY
    syscall('setsockopt', socket.number, 41, 26, Uint8Array.of(1, 0, 0, 0), 4);
    syscall('bind', socket.number, address, address.length);
    syscall('listen', socket.number, 1);
    for (const hostIP of ['0.0.0.0', '127.0.0.1', '192.0.2.2'])
      assert.equal(refusal(publish(8090, { hostIP })), undefined, hostIP);
    for (const more of [{}, { hostIP: '::' }, { hostIP: 'fd99::2' }])
      assert.match(refusal(publish(8090, more))!.message, new RegExp(`\\(process ${process.pid}\\) listens`));
  });
});

test('an address that the host does not have is refused, with those that it has', () => {
  const four = refusal(publish(8080, { hostIP: '203.0.113.9' }));
  assert.equal(four?.code, 'network/address');
  assert.match(four.hint!, /^it has 192\.0\.2\.2, 127\.0\.0\.1;/);
  const six = refusal(publish(8080, { hostIP: 'fd99::3' }));
  assert.equal(six?.code, 'network/address');
  assert.match(six.hint!, /^it has fd99::2;/);
});

test('an address counts that the kernel takes for local, or lets servers bind to', () => {
  for (const hostIP of ['127.0.0.2', '0.0.0.0', '::', '192.0.2.2', 'fd99::2'])
    assert.equal(refusal(publish(8080, { hostIP })), undefined, hostIP);
  const routed = publish(8080, { hostIP: '198.51.100.7' });
  assert.equal(refusal(routed)?.code, 'network/address');
  lab.inHost(() => run('ip route add local 198.51.100.0/24 dev lo'));
  assert.equal(refusal(routed), undefined);
  const floating = publish(8080, { hostIP: '203.0.113.9' });
  lab.inHost(() => run('sysctl -q -w net.ipv4.ip_nonlocal_bind=1'));
  assert.equal(refusal(floating), undefined);
});

test('a root that is reached by another path is not another root', () => {
  mkdirSync(`${otherRoot}/sub`);
  const port = publish(8080);
  const twice = `${otherRoot}/sub/..`;
  lab.inHost(() => {
    claimPorts(claims, otherRoot, [port], A);
    assert.throws(
      () => claimPorts(claims, twice, [port], B),
      (error) => error instanceof PodError && error.holder === A && error.holderRoot === undefined,
    );
    releasePorts(claims, otherRoot, [port], A);
  });
});
